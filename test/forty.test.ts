import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "./link-support.ts";
import { IMAGE, useEngine } from "./support/containers.ts";
import { ROOT } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

// The seed's containers: an image by its own command, a server, and the loop of forty agents, all joined by the shared key.

const run = promisify(execFile);
/** Nobody else on this machine listens there: the seed's port on an address of our own. */
const SERVER = "127.7.40.1";
const COUNT = 40;

describeReal("docker", "the image of Gantry", () => {
  const engine = useEngine();
  let folder: string;

  /** A command as it is written, by the shell. */
  async function shell(command: string): Promise<string> {
    const environment = { ...process.env, DOCKER_HOST: engine.host, DOCKER_BUILDKIT: "0", SERVER };
    const { stdout } = await run("bash", ["-c", command], { env: environment, cwd: ROOT, maxBuffer: 1 << 26 });
    return stdout;
  }

  async function inServer(...words: readonly string[]): Promise<{ out: string; code: number }> {
    const environment = { ...process.env, DOCKER_HOST: engine.host };
    try {
      const { stdout } = await run("docker", ["exec", "server", "gantry", ...words], { env: environment });
      return { out: stdout, code: 0 };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { out: stdout + stderr, code };
    }
  }

  async function connected(): Promise<readonly string[]> {
    const { out } = await inServer("get", "nodes", "-o", "json");
    const nodes = JSON.parse(out) as { name: string; kind: string; state: string }[];
    return nodes.filter(({ kind, state }) => kind === "agent" && state === "connected").map(({ name }) => name);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gantry-image-"));
    await run(process.execPath, [join(ROOT, "scripts/build.ts")], { cwd: ROOT });
    await shell(`docker build --quiet --network none --build-arg BASE=${IMAGE} -t gantry -f Containerfile .`);
    await shell(`docker run --name server --hostname gantry \\
                            --net=host \\
                            --env GANTRY_MODE=server \\
                            --env GANTRY_LISTEN=${SERVER}:7411 \\
                            --env GANTRY_SHARED_KEY=secrete \\
                            --detach \\
                            gantry gantry`);
    await until(async () => (await inServer("server", "status")).code === 0);
  }, 5 * 60_000);
  afterAll(async () => {
    await shell("docker ps -aq | xargs -r docker rm --force --volumes");
    rmSync(folder, { recursive: true });
  });

  it(
    "runs forty agents that join by the shared key and answer one command",
    async () => {
      await shell(`for i in {1..${COUNT}}; do
      docker run --hostname $(hostname)-client-\${i} \\
                 --net=host \\
                 --env GANTRY_SERVER_ADDRESS=$SERVER \\
                 --env GANTRY_SHARED_KEY=secrete \\
                 --user 0 \\
                 --detach \\
                 gantry gantry
    done`);
      await until(async () => (await connected()).length === COUNT);
      const host = (await shell("hostname")).trim();
      const names = await connected();
      expect([...names].sort()).toEqual(Array.from({ length: COUNT }, (_, i) => `${host}-client-${i + 1}`).sort());
      const executed = await inServer("exec", "--verb", "RUN", "echo answer from $(cat /proc/sys/kernel/hostname)");
      expect(executed.code, executed.out).toBe(0);
      for (const name of names) expect(executed.out).toContain(`answer from ${name}`);
      // They share the image's files: no container has a Node of its own.
      const sizes = await shell("docker ps --size --format '{{.Size}}'");
      expect(sizes).not.toMatch(/\d(MB|GB) \(/);
      expect((await inServer("node", "upgrade", names[0]!)).out).toMatch(/cannot\s+-\s+.*shares with others/);
    },
    5 * 60_000,
  );

  it("reads /etc/gantry/config.yaml", async () => {
    const file = join(folder, "config.yaml");
    writeFileSync(file, "---\nheartbeat_interval: 1\ndebgu: true\n");
    const mount = `--volume ${file}:/etc/gantry/config.yaml:ro`;
    for (const mode of ["server", "agent", "worker"])
      await expect(shell(`docker run --rm ${mount} --env GANTRY_MODE=${mode} gantry gantry`)).rejects.toMatchObject({
        stderr: expect.stringMatching(/\/etc\/gantry\/config\.yaml:3:1.*did you mean 'debug'/s),
      });
  });

  it("says what a mode can be, and warns of a short key", async () => {
    await expect(shell("docker run --rm --env GANTRY_MODE=sever gantry gantry")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("GANTRY_MODE is sever; it can be server, agent or worker"),
    });
    expect(await shell("docker logs server 2>&1")).toMatch(/the shared key is short/);
  });
});
