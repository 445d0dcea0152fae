import { isDoor, KERNEL_ONLY, positionOf, type Position, ROOMS, ROOMS_WITHOUT_DOOR, SIDE_DOOR } from "../layout.ts";
import { type Context, forEachImport, importedPath, pathInRepository, type Rule, type Visitor } from "../rule.ts";

/**
 * Rooms import each other through their front doors, and only from left to right. Tests are free: they look into rooms, and
 * they join rooms that do not know each other.
 */
export const rooms: Rule = { create };

function create(context: Context): Visitor {
  const path = pathInRepository(context.filename);
  const here = positionOf(path);
  if (here === undefined || here.test) return {};
  return forEachImport((specifier, node) => {
    if (!specifier.startsWith(".")) return;
    const message = wrong(here, importedPath(context.filename, specifier));
    if (message !== undefined) context.report({ node, message });
  });
}

function wrong(here: Position, target: string): string | undefined {
  if (!ROOMS.includes(here.room)) return `the room ${here.room} has no place in lint/layout.ts`;
  const there = positionOf(target);
  if (there === undefined)
    return target === "package.json" ? undefined : `src imports nothing outside of src: ${target}`;
  if (there.test) return `${target} is a test; only tests import tests`;
  if (!ROOMS.includes(there.room)) return `the room ${there.room} has no place in lint/layout.ts`;
  return there.room === here.room ? wrongInRoom(here, there) : wrongBetweenRooms(here, there);
}

function wrongInRoom(here: Position, there: Position): string | undefined {
  // What stands directly in the row, and not in one of its folders, keeps the row together and knows all of it.
  if (here.sibling === "" || there.sibling === "" || there.sibling === here.sibling || isDoor(there)) return undefined;
  return `import ${there.room}/${there.sibling} through its index.ts, not ${there.file}.ts`;
}

function wrongBetweenRooms(here: Position, there: Position): string | undefined {
  if (KERNEL_ONLY.includes(here.room) && there.room !== "kernel") {
    return `${here.room} imports only the kernel, not ${there.room}`;
  }
  if (ROOMS.indexOf(there.room) > ROOMS.indexOf(here.room)) {
    return `${here.room} stands before ${there.room} (lint/layout.ts) and may not import it; own a port that it fills`;
  }
  if (ROOMS_WITHOUT_DOOR.includes(there.room) || isDoor(there)) return undefined;
  if (here.room === SIDE_DOOR.into && there.file === SIDE_DOOR.file) return undefined;
  const door = there.sibling === "" ? there.room : `${there.room}/${there.sibling}`;
  return `import ${door} through its index.ts, not ${there.file}.ts`;
}
