import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { processName } from "../src/executor/index.ts";
import type { ServiceStatus } from "../src/verbs/service/services.ts";
import { createTestAgent, endTestServices, type TestAgent } from "../src/verbs/testing.ts";
import { until } from "./link-support.ts";
import type { ServiceRecord } from "../src/verbs/service/model.ts";

/** SERVICE with the processes that an agent starts itself, and looks after. */

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(async () => {
  await agent.module.close?.();
  endTestServices(agent, ["web"]);
  await agent.remove();
});

interface Applied {
  readonly changed: boolean;
  readonly pid: number | null;
  readonly state: string;
  readonly reason: string;
}

const web = { name: "web", command: ["sleep", "1000"] };

async function service(parameters: object, on = agent): Promise<Applied> {
  return (await on.call("service", { ...web, ...parameters })) as unknown as Applied;
}

async function status(on = agent): Promise<ServiceStatus[]> {
  return (await on.call("services", {})) as unknown as ServiceStatus[];
}

function runs(pid: number | null): boolean {
  return pid !== null && processName(pid) !== undefined;
}

describe("SERVICE", () => {
  it("starts a program once, in its folder, with its environment and its log", async () => {
    const command = ["/bin/sh", "-c", "echo $GREETING in $(pwd); exec sleep 1000"];
    await agent.call("workdir", { path: "web" });
    const started = await service({ command, cwd: "web", environment: { GREETING: "hello" } });
    expect(started).toMatchObject({ changed: true, state: "running" });
    expect(runs(started.pid)).toBe(true);
    expect(await service({ command, cwd: "web", environment: { GREETING: "hello" } })).toMatchObject({
      changed: false,
      pid: started.pid,
    });
    await until(() => readFileSync(join(agent.state, "services/web/log"), "utf8") === `hello in ${agent.home}/web\n`);
    expect(await status()).toEqual([{ name: "web", state: "running", pid: started.pid, restarts: 0 }]);
  });

  it("starts it with what ENV set, also when it starts it again, and restarts nothing because of it", async () => {
    const log = join(agent.state, "services/web/log");
    const command = ["/bin/sh", "-c", "echo $GREETING $WHO; exec sleep 1000"];
    await agent.call("env", { name: "GREETING", value: "hello" });
    await agent.call("env", { name: "WHO", value: "you" });
    const asked = { command, environment: { WHO: "me" }, restart: "on-failure" };
    const { pid } = await service(asked);
    await until(() => readFileSync(log, "utf8") === "hello me\n");
    await agent.call("env", { name: "GREETING", value: "bye" });
    expect(await service(asked)).toMatchObject({ changed: false, pid });
    process.kill(pid!, "SIGKILL");
    await until(() => readFileSync(log, "utf8") === "hello me\nbye me\n");
  });

  it.skipIf(process.getuid?.() !== 0)("starts it as another user, whose it stays", async () => {
    const command = ["/bin/sh", "-c", "echo $(id -un) $HOME; exec sleep 1000"];
    const { pid } = await service({ command, user: "nobody" });
    await until(() => readFileSync(join(agent.state, "services/web/log"), "utf8") === "nobody /nonexistent\n");
    expect(await agent.call("service", { name: "web", state: "stopped" })).toMatchObject({ changed: true });
    expect(runs(pid)).toBe(false);
    expect(await agent.call("service", { name: "web" })).toMatchObject({ changed: true });
    await until(() => /^(nobody .*\n){2}$/.test(readFileSync(join(agent.state, "services/web/log"), "utf8")));
    await expect(service({ user: "nobody-at-all" })).rejects.toMatchObject({ code: "owner_unknown" });
  });

  it("starts it anew when its definition or a watched file has changed, and only then", async () => {
    writeFileSync(join(agent.home, "config"), "one");
    const first = await service({ watch: ["config"] });
    writeFileSync(join(agent.home, "config"), "one");
    expect(await service({ watch: ["config"] })).toMatchObject({ changed: false, pid: first.pid });
    writeFileSync(join(agent.home, "config"), "two");
    const second = await service({ watch: ["config"] });
    expect(second).toMatchObject({ changed: true, reason: "watches a file that changed" });
    expect([runs(first.pid), runs(second.pid)]).toEqual([false, true]);
    const third = await service({ watch: ["config"], command: ["sleep", "1001"] });
    expect(third).toMatchObject({ changed: true, reason: "is defined differently" });
    expect([runs(second.pid), runs(third.pid)]).toEqual([false, true]);
    const fourth = await service({ watch: ["config"], command: ["sleep", "1001"], state: "restarted" });
    expect([runs(third.pid), runs(fourth.pid)]).toEqual([false, true]);
  });

  it("stops it with all it started, and starts it again with what is known of it", async () => {
    const command = ["/bin/sh", "-c", "setsid sleep 1000 & echo $! > child; sleep 1000"];
    const { pid } = await service({ command });
    await until(() => existsSync(join(agent.home, "child")) && readFileSync(join(agent.home, "child"), "utf8") !== "");
    const child = Number(readFileSync(join(agent.home, "child"), "utf8"));
    expect(await agent.call("service", { name: "web", state: "stopped" })).toMatchObject({
      changed: true,
      state: "stopped",
      pid: null,
    });
    expect([runs(pid), runs(child)]).toEqual([false, false]);
    expect(await status()).toMatchObject([{ state: "stopped", pid: null }]);
    expect(await agent.call("service", { name: "web", state: "stopped" })).toMatchObject({ changed: false });
    expect(await agent.call("service", { name: "web" })).toMatchObject({ changed: true, state: "running" });
  });

  it("ends by force what does not listen", async () => {
    const { pid } = await service({
      command: ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"],
      stop_seconds: 0.2,
    });
    await service({ state: "stopped" });
    expect(runs(pid)).toBe(false);
  });

  it("leaves nothing behind when it shall be absent", async () => {
    const { pid } = await service({});
    expect(await agent.call("service", { name: "web", state: "absent" })).toMatchObject({
      changed: true,
      state: "absent",
    });
    expect(runs(pid)).toBe(false);
    expect(existsSync(join(agent.state, "services/web"))).toBe(false);
    expect(await agent.call("service", { name: "web", state: "absent" })).toMatchObject({ changed: false });
    expect(await status()).toEqual([]);
  });

  it("is found again by another agent, and is one process still", async () => {
    const { pid } = await service({});
    const again = await agent.again();
    expect(await status(again)).toMatchObject([{ name: "web", state: "running", pid }]);
    expect(await service({}, again)).toMatchObject({ changed: false, pid });
    await service({ state: "stopped" }, again);
    expect(runs(pid)).toBe(false);
  });

  it("is found by its marker when nobody wrote down its process", async () => {
    const { pid } = await service({});
    const path = join(agent.state, "services/web/service.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), process: null }));
    const again = await agent.again();
    expect(await service({}, again)).toMatchObject({ changed: false, pid });
  });

  it("does not take another process with the same pid for its own", async () => {
    await service({});
    const path = join(agent.state, "services/web/service.json");
    const record = JSON.parse(readFileSync(path, "utf8")) as ServiceRecord;
    endTestServices(agent, ["web"]);
    await until(() => !runs(record.process!.pid));
    writeFileSync(path, JSON.stringify({ ...record, process: { ...record.process, pid: process.pid } }));
    expect(await status(await agent.again())).toMatchObject([{ state: "failed", pid: null }]);
  });

  it("says why it could not start", async () => {
    await expect(service({ command: ["/bin/sh", "-c", "echo no port >&2; exit 4"] })).rejects.toMatchObject({
      code: "service_failed",
      message: expect.stringMatching(/exit code 4[^]*no port/),
    });
    await expect(service({ command: ["does-not-exist"] })).rejects.toMatchObject({ code: "command_not_started" });
    await expect(agent.call("service", { name: "other" })).rejects.toMatchObject({ code: "service_unknown" });
  });

  it("shows a service that was killed as failed, and does not start it by itself", async () => {
    const { pid } = await service({});
    process.kill(pid!, "SIGKILL");
    await until(async () => (await status())[0]?.state === "failed");
    expect(await service({})).toMatchObject({ changed: true, reason: "does not run" });
  });

  it("starts a failed service again where that is wanted, also one an earlier agent started", async () => {
    const { pid } = await service({ restart: "on-failure" });
    process.kill(pid!, "SIGKILL");
    await until(async () => (await status())[0]?.state === "running" && (await status())[0]?.pid !== pid);
    const [second] = await status();
    expect(second).toMatchObject({ restarts: 1 });
    await agent.module.close?.();
    const again = await agent.again();
    process.kill(second!.pid!, "SIGKILL");
    await until(
      async () => (await status(again))[0]?.state === "running" && (await status(again))[0]?.pid !== second!.pid,
    );
    await service({ state: "stopped" }, again);
    expect(await status(again)).toMatchObject([{ state: "stopped" }]);
    await again.module.close?.();
  }, 20_000);
});
