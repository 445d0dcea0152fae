import { describe, expect, it } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import { parseVerb } from "../parse.ts";
import type { Tool, Tools } from "../tools.ts";
import { openrc, systemd, unitSteps, type UnitView, type UnitWish } from "./unit-decide.ts";
import type { ServiceVerbParameters } from "./unit-model.ts";
import { applyUnits, findManager, planUnits, type UnitWorld } from "./units.ts";

const unit: UnitView = { name: "web", running: true, failed: false, enabled: false, masked: false, stale: false };
const wish: UnitWish = { state: undefined, enabled: undefined, masked: undefined, daemonReload: false };

describe("the text of SERVICE for units", () => {
  it.each([
    ["--restarted nginx sshd", { units: ["nginx", "sshd"], state: "restarted" }],
    ["--enable nginx", { units: ["nginx"], state: "started", enabled: true }],
    ["--enable --stopped nginx", { units: ["nginx"], state: "stopped", enabled: true }],
    ["--state restarted --enable nginx", { units: ["nginx"], state: "restarted", enabled: true }],
    ["--disable --mask nginx", { units: ["nginx"], enabled: false, masked: true }],
    ["--daemon-reload", { units: [], daemon_reload: true }],
    ["nginx", { name: "nginx" }],
    ["web sleep 100", { name: "web", command: ["sleep", "100"] }],
  ])("%s", (text, parameters) => {
    expect(parseVerb("SERVICE", text).parameters).toEqual(parameters);
  });

  it.each([
    ["--restarted --stopped nginx", /one state is enough/],
    ["--enable --disable nginx", /contradict/],
    ["--restarted --watch file nginx", /--watch is for services of the agent's own/],
    ["--mask --started nginx", /a masked unit/],
    ["--restarted", /needs a name/],
    ["--restarted -- --now", /is not the name of a unit/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVerb("SERVICE", text)).toThrow(
      expect.objectContaining({ code: "verb_text_wrong", message: expect.stringMatching(message) }),
    );
  });
});

describe("what is to be done about a unit", () => {
  it.each<[Partial<UnitView>, Partial<UnitWish>, readonly string[]]>([
    [{}, { state: "started" }, []],
    [{ running: false }, { state: "started" }, ["start"]],
    [{}, { state: "stopped" }, ["stop"]],
    [{ running: false }, { state: "stopped" }, []],
    [{}, { state: "restarted" }, ["restart"]],
    [{}, { state: "reloaded" }, ["reload"]],
    [{ running: false }, { state: "reloaded" }, ["start"]],
    [{}, { enabled: true }, ["enable"]],
    [{ enabled: true }, { enabled: false }, ["disable"]],
    [{ enabled: "unknown" }, { enabled: true }, []],
    [{ masked: true, running: false }, { masked: false, state: "started" }, ["unmask", "start"]],
    [{}, { masked: true, state: "stopped", enabled: false }, ["stop", "mask"]],
    [{ stale: true }, { state: "restarted" }, ["daemon-reload", "restart"]],
    [{ stale: true }, { state: "stopped" }, ["stop"]],
    [{}, { daemonReload: true }, []],
  ])("%j with %j", (now, wanted, steps) => {
    expect(unitSteps({ ...unit, ...now }, { ...wish, ...wanted })).toEqual(steps);
  });
});

describe("what managers say", () => {
  it("reads units of systemd", () => {
    const said = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=yes\n";
    expect(systemd.read("web", said)).toEqual({
      name: "web",
      running: true,
      failed: false,
      enabled: true,
      masked: false,
      stale: true,
    });
    expect(systemd.read("x", "LoadState=not-found\nActiveState=inactive\n")).toBeUndefined();
    expect(systemd.read("x", "LoadState=masked\nActiveState=inactive\nUnitFileState=masked\n")).toMatchObject({
      masked: true,
      enabled: false,
    });
    expect(systemd.read("x", "LoadState=loaded\nActiveState=failed\nUnitFileState=static\n")).toMatchObject({
      running: false,
      failed: true,
      enabled: "unknown",
    });
    expect(systemd.read("x", "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n")).toMatchObject({
      failed: true,
    });
    expect(
      ["exit-code", "signal", "timeout"].map(
        (result) => systemd.readFailure(`Result=${result}\nExecMainStatus=9\nId=web.service\n`).how,
      ),
    ).toEqual(["ended with exit code 9", "was ended by signal 9", "failed (timeout)"]);
  });

  it("reads runlevels of OpenRC", () => {
    const said = "             bootmisc | boot\n                 sshd |      default late\n              crond |\n";
    const levels = ["sshd", "crond", "ssh"].map((name) => openrc.levelsOf(name, said));
    expect(levels).toEqual([["default", "late"], [], []]);
  });
});

/** Answers of recorded programs. */
function recorded(answers: Readonly<Record<string, { code?: number; stdout?: string }>>): {
  tools: Tools;
  world: UnitWorld;
  ran: string[];
} {
  const ran: string[] = [];
  const tools: Tools = {
    has: async () => true,
    async run(tool: Tool) {
      const text = [tool.program, ...tool.arguments].join(" ");
      ran.push(text);
      const answer = Object.entries(answers).find(([start]) => text.startsWith(start))?.[1];
      return { code: answer?.code ?? 0, stdout: answer?.stdout ?? "", stderr: "" };
    },
  };
  return { ran, tools, world: { tools, clock: systemClock, signal: new AbortController().signal } };
}

describe("systemd", () => {
  it("is asked whether a script of System V comes up, since its unit does not say", async () => {
    const shown = "LoadState=loaded\nActiveState=active\nUnitFileState=generated\n";
    const { tools, ran } = recorded({
      "systemctl show": { stdout: shown },
      "systemctl is-enabled": { code: 1, stdout: "disabled\n" },
    });
    const manager = await findManager(tools, (path) => path === "/run/systemd/system");
    const plan = await planUnits({ units: ["old"], enabled: true }, manager);
    expect([plan.diff, ran.at(-1)]).toEqual(["~old: enable\n", "systemctl is-enabled -- old"]);
  });

  it("says how a unit failed, and what it wrote, when the start itself went well", async () => {
    const { tools, world } = recorded({
      "systemctl show --property=LoadState": { stdout: "LoadState=loaded\nActiveState=failed\nSubState=failed\n" },
      "systemctl show --property=Result": {
        stdout:
          "Result=exit-code\nExecMainStatus=5\nId=web.service\nInactiveExitTimestamp=Sun 2026-01-04 10:00:00 UTC\n",
      },
      "journalctl --no-pager": { stdout: "no licence\n" },
    });
    const manager = await findManager(tools, (path) => path === "/run/systemd/system");
    await expect(applyUnits({ units: ["web"], state: "started" }, manager, world)).rejects.toMatchObject({
      code: "service_failed",
      message: "unit web ended with exit code 5:\nno licence",
    });
  });
});

describe("OpenRC", () => {
  it("is used where it runs, and refuses what only systemd can do", async () => {
    const { tools, world, ran } = recorded({
      "rc-service web status": { code: 3 },
      "rc-service --exists gone": { code: 1 },
      "rc-update show": { stdout: " web |\n" },
    });
    const manager = await findManager(tools, (path) => path === "/run/openrc");
    const parameters: ServiceVerbParameters = { units: ["web"], state: "started", enabled: true };
    expect(await planUnits(parameters, manager)).toEqual({ changed: true, diff: "~web: enable\n~web: start\n" });
    ran.length = 0;
    expect(await applyUnits(parameters, manager, world)).toMatchObject({ changed: true, manager: "openrc" });
    expect(ran.slice(3, 5)).toEqual(["rc-update add web default", "rc-service web start"]);
    for (const refused of [
      { units: ["web"], masked: true },
      { units: ["web"], daemon_reload: true },
    ])
      for (const asked of [planUnits(refused, manager), applyUnits(refused, manager, world)])
        await expect(asked).rejects.toMatchObject({ code: "node_program_missing" });
    await expect(planUnits({ units: ["gone"] }, manager)).rejects.toMatchObject({ code: "service_unknown" });
  });

  it("takes a service out of the runlevels in which it is, and of no other", async () => {
    const { tools, world, ran } = recorded({ "rc-update show": { stdout: " web | boot default\n" } });
    const manager = await findManager(tools, (path) => path === "/run/openrc");
    await applyUnits({ units: ["web"], enabled: false }, manager, world);
    expect(ran.at(-1)).toBe("rc-update del web boot default");
  });

  it("says that what was started has crashed", async () => {
    const { tools, world } = recorded({ "rc-service web status": { code: 32 } });
    const manager = await findManager(tools, (path) => path === "/run/openrc");
    await expect(applyUnits({ units: ["web"], state: "restarted" }, manager, world)).rejects.toMatchObject({
      code: "service_failed",
      message: "unit web crashed",
    });
  });

  it("is missed where nothing runs", async () => {
    await expect(findManager(recorded({}).tools, () => false)).rejects.toMatchObject({ code: "node_program_missing" });
  });
});
