import { describe, expect, it } from "vitest";
import { unitName, unitText } from "./unit.ts";

describe("a unit", () => {
  it("starts a program by its absolute path, again and again, and leaves alone what that started", () => {
    const text = unitText({ kind: "agent", command: ["/opt/gantry/node", "/opt/gantry/agent.mjs"], user: false });
    expect(text).toContain("\nExecStart=/opt/gantry/node /opt/gantry/agent.mjs\n");
    for (const line of ["Restart=always", "KillMode=process", "WantedBy=multi-user.target"])
      expect(text).toContain(`\n${line}\n`);
    expect(text).not.toContain("UMask");
    expect(unitName("agent")).toBe("gantry-agent.service");
  });

  it("is a user's own on demand: no target of the machine is in it", () => {
    const text = unitText({ kind: "server", command: ["/home/ann/gantry"], user: true });
    expect(text).toContain("\nWantedBy=default.target\n");
    expect(text).not.toContain("network-online");
    expect(text).toContain("\nUMask=0077\n");
    expect(unitName("server")).toBe("gantry.service");
  });

  it("hands words on as they are, whatever systemd would read into them", () => {
    const environment = { GANTRY_CONFIG: "/a b/50%.yaml", PRICE: "5$" };
    const command = ["/a b/node", "100%", "$HOME", 'say "hi"', "back\\slash"];
    const text = unitText({ kind: "worker", command, user: false, environment });
    expect(text).toContain(String.raw`ExecStart="/a b/node" 100%% $$HOME "say \"hi\"" "back\\slash"`);
    expect(text).toContain('Environment="GANTRY_CONFIG=/a b/50%%.yaml"');
    expect(text).toContain("Environment=PRICE=5$");
  });
});
