import { globSync } from "node:fs";
import { join, sep } from "node:path";
import { type ErrorKind, errorKinds } from "../src/kernel/errors.ts";
import { repository } from "./generated.ts";

/** The errors of one room, in the order of their codes. */
export interface RoomErrors {
  readonly room: string;
  readonly kinds: readonly ErrorKind[];
}

/** Loads every `errors.ts` under `src`, which fills the registry, and says which room registered what. */
export async function loadErrors(): Promise<readonly RoomErrors[]> {
  const files = globSync("src/**/errors.ts", { cwd: repository }).toSorted(kernelFirst);
  const known = new Set<string>();
  const rooms: RoomErrors[] = [];
  for (const file of files) {
    await import(join(repository, file));
    const kinds = errorKinds().filter((kind) => !known.has(kind.code));
    for (const kind of kinds) known.add(kind.code);
    const room = file.split(sep).slice(1, -1).join("/");
    if (kinds.length > 0) rooms.push({ room, kinds });
  }
  return rooms;
}

/** The kernel's errors are in the registry from the start; they would pass for those of the first room. */
function kernelFirst(a: string, b: string): number {
  const key = (file: string): string => (file.startsWith(join("src", "kernel")) ? "" : file);
  return key(a) < key(b) ? -1 : 1;
}

/** `docs/errors.md`. */
export function errorsDocument(rooms: readonly RoomErrors[]): string {
  const lines = [
    "# Errors",
    "",
    "Every error has a code that does not change between versions. The command line prints it in brackets behind the message,",
    "`site.yaml:12:5: what is wrong (code)`; the HTTP interface answers with a problem document (RFC 9457) that carries it as `code`.",
    "This page is made from the code by `npm run errors`.",
  ];
  for (const { room, kinds } of rooms) {
    lines.push(
      "",
      `## ${room}`,
      "",
      "| code | HTTP status | what went wrong | what to do |",
      "| --- | --- | --- | --- |",
    );
    for (const { code, status, summary, remedy } of kinds) {
      lines.push(`| \`${code}\` | ${status} | ${cell(summary)} | ${cell(remedy)} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
