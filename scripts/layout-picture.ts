import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { positionOf, ROOMS } from "../lint/layout.ts";
import { repository } from "./generated.ts";

/** A picture of the rooms (Mermaid's flowchart), from what their files import. */

/** An arrow says: imports. One that follows from two others is left out, and so are those to the kernel, which all have. */
export function layoutPicture(): string {
  const imports = importsByRoom();
  const rooms = ROOMS.filter((room) => imports.has(room) && room !== "kernel");
  const lines = rooms.flatMap((room) => {
    const direct = [...(imports.get(room) ?? [])].filter((one) => one !== "kernel");
    const needed = direct.filter((to) => !direct.some((other) => other !== to && reaches(imports, other, to)));
    return [`  ${nodeOf(room)}`, ...needed.toSorted(byPlace).map((to) => `  ${idOf(room)} --> ${idOf(to)}`)];
  });
  return ["```mermaid", "flowchart TD", ...lines, "```"].join("\n");
}

/** `link` alone would be a word of Mermaid's language; as a name of a box it may be any. */
function nodeOf(room: string): string {
  return `${idOf(room)}["${room}"]`;
}

/** A dash could be taken for the beginning of an arrow. */
function idOf(room: string): string {
  return room.replaceAll("-", "_");
}

function byPlace(a: string, b: string): number {
  return ROOMS.indexOf(a) - ROOMS.indexOf(b);
}

function importsByRoom(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of globSync("src/**/*.ts", { cwd: repository }).toSorted()) {
    const position = positionOf(file);
    if (position === undefined || position.test) continue;
    const list = found.get(position.room) ?? new Set();
    found.set(position.room, list);
    const text = readFileSync(join(repository, file), "utf8");
    for (const [, target = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)) {
      const room = positionOf(join(dirname(file), target))?.room;
      if (room !== undefined && room !== position.room) list.add(room);
    }
  }
  return found;
}

function reaches(imports: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  return [...(imports.get(from) ?? [])].some((one) => one === to || (one !== from && reaches(imports, one, to)));
}
