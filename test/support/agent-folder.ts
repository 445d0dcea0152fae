import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentBundle, fileHash, launcherText, LAYOUT, releaseName } from "../../src/executor/index.ts";

/** Stands for Node's binary, which has 120 MB: the same program, and nothing to carry. */
export function smallNode(folder: string): string {
  const path = join(folder, "small-node");
  writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
  return path;
}

/** An agent's folder as `gantry bootstrap` lays it out, on this machine. Returns the name of its release. */
export async function layAgentFolder(
  folder: string,
  nodePath: string,
  join_: { readonly urls: readonly string[]; readonly token: string; readonly name?: string },
): Promise<string> {
  const bundle = await agentBundle();
  const manifest = {
    program: createHash("sha256").update(bundle).digest("hex"),
    node: await fileHash(nodePath),
  };
  const release = releaseName(manifest);
  const place = join(folder, LAYOUT.versions, release);
  mkdirSync(place, { recursive: true });
  copyFileSync(nodePath, join(place, LAYOUT.node));
  writeFileSync(join(place, LAYOUT.program), bundle);
  writeFileSync(join(place, LAYOUT.manifest), JSON.stringify(manifest));
  symlinkSync(join(LAYOUT.versions, release), join(folder, LAYOUT.current));
  mkdirSync(join(folder, LAYOUT.state), { mode: 0o700 });
  writeFileSync(join(folder, LAYOUT.state, "join.json"), JSON.stringify(join_), { mode: 0o600 });
  writeFileSync(join(folder, LAYOUT.launcher), launcherText(), { mode: 0o755 });
  return release;
}
