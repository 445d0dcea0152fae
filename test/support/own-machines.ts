import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./gantry.ts";
import type { RealPart } from "./real-part.ts";

/**
 * Nodes on this machine, each with a `/tmp` and a host name of its own (mount and UTS namespaces): what they write below `/tmp` stays apart. The
 * checkout is at `/mnt` there, since it may itself be below `/tmp`.
 */
export const namespacesPart: RealPart = {
  name: "namespaces",
  packages: ["util-linux", "mount", "hostname"],
  present: () =>
    process.getuid?.() === 0 && spawnSync("unshare", ["-mu", "mount", "--make-rprivate", "/"]).status === 0,
};

export interface OwnMachine {
  readonly name: string;
  /** What is `/tmp` there. */
  readonly tmp: string;
  /** A file there, by its path: `/tmp/test/a`. */
  text(path: string): string;
  start(): void;
  /** Ends the agent at once, with everything it started. Resolves when it has ended. */
  kill(): Promise<void>;
}

/** An agent that joins by the shared key. @param folder of the test, which removes it */
export function ownMachine(folder: string, name: string, server: string, sharedKey: string): OwnMachine {
  const own = join(folder, "machines", name);
  const tmp = join(own, "tmp");
  mkdirSync(join(tmp, ".gantry"), { recursive: true });
  writeFileSync(join(own, "hosts"), `127.0.0.1 localhost\n127.0.1.1 ${name}.example ${name}\n`);
  let child: ChildProcess | undefined;
  const inside = relative(ROOT, process.execPath);
  const node = inside.startsWith("..") ? process.execPath : join("/mnt", inside);
  const prepare = `mount --make-rprivate / && hostname "$1" && mount --bind "$2/hosts" /etc/hosts &&
    mount --bind "$3" /mnt && mount --bind "$2/tmp" /tmp && cd /tmp/.gantry && shift 3 && exec "$@"`;
  return {
    name,
    tmp,
    text: (path) => readFileSync(join(tmp, path.slice("/tmp".length)), "utf8"),
    start() {
      const agent = [node, "--disable-warning=ExperimentalWarning", "/mnt/src/cli/main.js", "agent"];
      const options = ["--state", "/tmp/.gantry/state", "--home", "/tmp/.gantry", "--server", server, "--name", name];
      child = spawn("unshare", ["-mu", "sh", "-c", prepare, "sh", name, own, ROOT, ...agent, ...options], {
        env: {
          ...process.env,
          GANTRY_SHARED_KEY: sharedKey,
          LC_ALL: "C",
          TMPDIR: "/tmp",
          GANTRY_DATA: join(folder, "data"),
        },
        stdio: "ignore",
        detached: true,
      });
    },
    async kill() {
      const { pid } = child ?? {};
      if (child === undefined || pid === undefined || !existsSync(`/proc/${pid}`)) return;
      const ended = new Promise((resolve) => child!.once("close", resolve));
      process.kill(-pid, "SIGKILL");
      await ended;
      child = undefined;
    },
  };
}
