import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A Unix socket's path holds at most 107 bytes and a closing zero (`sockaddr_un`, Linux). */
const LONGEST = 107;

/** Where the socket of a data folder is: in it, or, when its path would be too long, in the user's runtime folder. */
export function socketPath(dataFolder: string, environment: NodeJS.ProcessEnv = process.env): string {
  const absolute = resolve(dataFolder);
  const path = join(absolute, "gantry.sock");
  if (Buffer.byteLength(path) <= LONGEST) return path;
  // node:crypto takes as long to load as all else that a command needs, and few paths are so long.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const name = createHash("sha256").update(absolute).digest("hex").slice(0, 16);
  const runtime = environment["XDG_RUNTIME_DIR"];
  const owner = process.getuid?.() ?? 0;
  for (const folder of [
    runtime === undefined || runtime === "" ? undefined : join(runtime, "gantry"),
    join(tmpdir(), `gantry-${owner}`),
  ]) {
    if (folder === undefined) continue;
    const shorter = join(folder, `${name}.sock`);
    if (Buffer.byteLength(shorter) <= LONGEST) return shorter;
  }
  return join("/tmp", `gantry-${owner}`, `${name}.sock`);
}
