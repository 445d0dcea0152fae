import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bench, createBench, ROOT, type Running } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";
import { describeReal } from "./support/real.ts";

// REBOOT by an agent on a machine of its own: a namespace of processes that goes down in order, and comes up again.

const KEY = "for the node that reboots";

/** The first process of the machine: it starts the agent, and when it is to go down, stops it first. */
const INIT = `
trap 'kill -TERM $agent; wait $agent; exit 0' TERM
"$@" & agent=$!
wait $agent; wait $agent
`;

describeReal([], "REBOOT", () => {
  let bench: Bench;
  let machine: Running | undefined;
  let up = true;
  let boots = 0;
  let over: Promise<void> | undefined;

  beforeAll(async () => {
    bench = createBench();
    const address = `127.0.0.1:${await freePort()}`;
    const server = bench.start(["server", "run"], { GANTRY_SHARED_KEY: KEY, GANTRY_LISTEN: address });
    await server.printed(/Listening on/);
    const programs = join(bench.folder, "programs");
    mkdirSync(programs);
    // Whichever the agent takes: this machine itself is left alone.
    for (const name of ["systemctl", "shutdown", "reboot"]) {
      const path = join(programs, name);
      writeFileSync(path, `#!/bin/sh\necho "$0" "$@" >> ${bench.folder}/asked\nkill -TERM 1\n`);
      chmodSync(path, 0o755);
    }
    const agent = ["agent", "--state", join(bench.folder, "state"), "--home", join(bench.folder, "home")];
    const environment = [
      `PATH=${programs}:${process.env["PATH"]}`,
      "GANTRY_CONFIG=/dev/null",
      `GANTRY_SERVER_ADDRESS=${address}`,
      `GANTRY_SHARED_KEY=${KEY}`,
    ];
    const namespace = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    function boot(): Running {
      boots += 1;
      return bench.startProgram("unshare", [
        ...namespace,
        "env",
        ...environment,
        "sh",
        "-c",
        INIT,
        "init",
        join(ROOT, "gantry"),
        ...agent,
        "--name",
        "node1",
      ]);
    }
    machine = boot();
    over = (async () => {
      while (up) {
        await machine?.ended;
        if (up) machine = boot();
      }
    })();
    await machine.printed(/connected to the server/);
  });
  afterAll(async () => {
    up = false;
    machine?.child.kill("SIGKILL");
    await over;
    expect(await bench.clear()).toEqual([]);
  });

  it("is done when the node is back, once, and what stands behind it goes on", async () => {
    const file = join(bench.folder, "site.yaml");
    writeFileSync(
      file,
      "- jobs:\n  - RUN: cat /proc/1/stat | cut -d' ' -f22 > before\n  - REBOOT: --message 'new kernel'\n" +
        "  - RUN: cat /proc/1/stat | cut -d' ' -f22 > after; echo back again\n",
    );
    const { code, out, error } = await bench.gantry(["orchestrate", file]);
    expect(code, out + error).toBe(0);
    expect(out).toMatch(/back again/);
    expect(boots).toBe(2);
    expect(readFileSync(join(bench.folder, "asked"), "utf8").trim().split("\n")).toHaveLength(1);
    const [before, after] = ["before", "after"].map((name) => readFileSync(join(bench.folder, "home", name), "utf8"));
    expect(before).not.toBe(after);
  });

  it("is planned without one", async () => {
    const { code, out, error } = await bench.gantry(["exec", "--plan", "--verb", "REBOOT", "--delay 5"]);
    expect(code, out + error).toBe(0);
    expect(boots).toBe(2);
  });
});
