/**
 * The rooms of the house, as data. A room imports only rooms above it in this list, and those only through their `index.ts`.
 * A new folder under `src` that is not listed here is an error, so that its place is decided and not found.
 */
export const ROOMS: readonly string[] = [
  "kernel",
  "platform",
  "link",
  "tscript",
  "templates",
  "variables",
  "access",
  "secrets",
  "jobs",
  "network",
  "blueprints",
  "inventory",
  "dns",
  "exchange",
  "design",
  "foreman",
  "fleet",
  "boot",
  "runs",
  "projects",
  "webhooks",
  "executor",
  "drivers",
  "verbs",
  "client",
  "backends",
  "changes",
  "backup",
  "support",
  "machines",
  "todo",
  "query",
  "bootstrap",
  "custom-verbs",
  "server",
  "worker",
  "agent",
  "cli",
];

/** Rooms whose every file may be imported: small pure helpers that need no front door. */
export const ROOMS_WITHOUT_DOOR: readonly string[] = ["kernel"];

/** The command line loads a room's commands one by one, so that it starts fast: beside the front door it may use these files. */
export const SIDE_DOOR = { into: "cli", file: "commands" } as const;

/** Rooms that know nothing of ours but the kernel. */
export const KERNEL_ONLY: readonly string[] = ["tscript", "templates", "variables", "network"];

/** Rooms that are rows of siblings, each with a front door (`index.ts`) of its own. */
export const ROWS_OF_SIBLINGS: readonly string[] = ["platform", "drivers", "verbs"];

/** Rooms in which every file is pure. */
export const PURE_ROOMS: readonly string[] = ["kernel", "tscript", "variables", "network"];

/** Files that are pure in every room. */
export const PURE_FILES: readonly string[] = ["model", "decide", "advance", "resolve", "allocate", "plan"];

/** Rooms whose plans look at what they are for: a verb's plan reads the node it would change. It changes nothing. */
export const LOOKING_PLANS: readonly string[] = ["verbs"];

/** What a pure file may import of Node: computing, never doing. */
export const PURE_NODE_MODULES: readonly string[] = [
  "node:assert",
  "node:buffer",
  "node:crypto",
  "node:path",
  "node:string_decoder",
  "node:url",
  "node:util",
];

/** What a pure file may import of others: computing, never doing. */
export const PURE_PACKAGES: readonly string[] = ["peggy", "uuid", "yaml", "zod"];

/** Files of a room that do I/O by their purpose: a pure file imports none of them. */
export const DOING_FILES: readonly string[] = ["store", "service", "routes"];

/** A file under `src`, taken apart. */
export interface Position {
  readonly room: string;
  /** The folder in a row of siblings; empty elsewhere, and for a file that stands directly in the row. */
  readonly sibling: string;
  /** The path inside the room, without its ending. */
  readonly file: string;
  /** A test, a suite that tests share (`x.suite.ts`), or what helps tests (`testing.ts`). */
  readonly test: boolean;
}

/** Where a path relative to the repository (with `/`) stands; `undefined` outside of `src`. */
export function positionOf(path: string): Position | undefined {
  const match = /^src\/([^/]+)\/(.+)\.[cm]?[jt]s$/.exec(path);
  if (match === null) return undefined;
  const [, room = "", file = ""] = match;
  const inside = file.split("/");
  const sibling = ROWS_OF_SIBLINGS.includes(room) && inside.length > 1 ? (inside[0] ?? "") : "";
  return { room, sibling, file, test: /\.(test|suite)$|(^|\/)testing(\/|$)/.test(file) };
}

/** Whether the file is the front door of its room or sibling. */
export function isDoor(position: Position): boolean {
  return position.file === "index" || (position.sibling !== "" && position.file === `${position.sibling}/index`);
}

/** Whether the file must be pure. */
export function isPure(position: Position): boolean {
  if (position.test) return false;
  const name = position.file.split("/").at(-1) ?? "";
  if (name === "plan" && LOOKING_PLANS.includes(position.room)) return false;
  return PURE_ROOMS.includes(position.room) || PURE_FILES.includes(name);
}
