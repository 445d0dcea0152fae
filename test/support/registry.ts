import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./names.ts";
import type { RealPart } from "./real-part.ts";

/** A registry of container images. */
export const registryPart: RealPart = {
  name: "registry",
  packages: ["docker-registry"],
  present: () => existsSync("/usr/bin/docker-registry"),
};

export interface Registry {
  /** `127.0.0.1:5000`: what names of images begin with. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A registry with its images in a folder. */
export async function startRegistry(folder: string): Promise<Registry> {
  const address = `127.0.0.1:${await freePort()}`;
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, "config.yml");
  writeFileSync(
    configuration,
    `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${folder}/images } }\nhttp: { addr: "${address}" }\n`,
  );
  const child: ChildProcess = spawn("docker-registry", ["serve", configuration], { stdio: "ignore" });
  const ended = once(child, "exit");
  for (;;) {
    if (child.exitCode !== null) throw new Error("the registry ended at once");
    const there = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (there?.ok === true) break;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
