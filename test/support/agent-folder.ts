import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentBundle, fileHash, launcherText, LAYOUT, releaseName } from "../../src/executor/index.ts";

/** An agent's folder as `gantry bootstrap` lays it out, on this machine. Returns the name of its release. */
export async function layAgentFolder(
  folder: string,
  join_: { readonly urls: readonly string[]; readonly token: string; readonly name?: string },
): Promise<string> {
  const bundle = await agentBundle();
  const manifest = {
    program: createHash("sha256").update(bundle).digest("hex"),
    node: await fileHash(process.execPath),
  };
  const release = releaseName(manifest);
  const place = join(folder, LAYOUT.versions, release);
  mkdirSync(place, { recursive: true });
  copyFileSync(process.execPath, join(place, LAYOUT.node));
  writeFileSync(join(place, LAYOUT.program), bundle);
  writeFileSync(join(place, LAYOUT.manifest), JSON.stringify(manifest));
  symlinkSync(join(LAYOUT.versions, release), join(folder, LAYOUT.current));
  mkdirSync(join(folder, LAYOUT.state), { mode: 0o700 });
  writeFileSync(join(folder, LAYOUT.state, "join.json"), JSON.stringify(join_), { mode: 0o600 });
  writeFileSync(join(folder, LAYOUT.launcher), launcherText(), { mode: 0o755 });
  return release;
}
