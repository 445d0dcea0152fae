import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { openrcText } from "./openrc.ts";
import { probeScript, readProbe, startScript } from "./scripts.ts";

// That OpenRC itself runs it stands in test/booting.test.ts.

describe("an agent's service for OpenRC", () => {
  it("is a script that names the launcher by its absolute path, whatever is in it", () => {
    const text = openrcText("/opt/it's here/gantry-agent");
    const end = spawnSync("sh", ["-c", `${text}\nprintf %s "$command"`], { encoding: "utf8" });
    expect([end.stderr, end.stdout]).toEqual(["", "/opt/it's here/gantry-agent"]);
    expect(text.split("\n")[0]).toBe("#!/sbin/openrc-run");
  });

  it("comes up with the machine, and is started or restarted", () => {
    const lines = "manager=openrc\nunitPath=/etc/init.d/gantry-agent\nfolder=/opt/gantry/agent\n";
    const probe = readProbe(lines)!;
    expect(startScript(probe, false)).toMatch(/rc-update -q add gantry-agent default\nrc-service gantry-agent start\n/);
    expect(startScript(probe, true)).toMatch(/rc-service gantry-agent restart\n/);
    expect(readProbe("manager=upstart\n")).toBeUndefined();
  });

  it("is not looked for where no service manager is wanted", () => {
    const end = spawnSync("sh", ["-c", probeScript("/nowhere", "none", false)], { encoding: "utf8" });
    expect(readProbe(end.stdout)).toMatchObject({ manager: "none", unitPath: "" });
  });
});
