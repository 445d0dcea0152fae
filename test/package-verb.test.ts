import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createTestAgent, type TestAgent } from "../src/verbs/testing.ts";
import { aptSystem, dnfSystem, type PackageSystem } from "./support/packages.ts";
import { describeReal } from "./support/real.ts";

// PACKAGE with the real package managers, on systems in folders: nothing of this machine is installed or removed.

const SYSTEMS = [
  ["apt", [], aptSystem, ""],
  ["dnf", ["dnf"], dnfSystem, "-1"],
] as const;

for (const [manager, parts, makeSystem, release] of SYSTEMS) {
  describeReal(parts, `PACKAGE with ${manager}`, () => {
    let folder: string;
    let system: PackageSystem;
    let agent: TestAgent;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "gantry-packages-"));
      system = makeSystem(folder);
      await system.publish([
        { name: "gantry-hello", version: "1.0", needs: "gantry-base" },
        { name: "gantry-base", version: "3.2" },
        { name: "gantry-other", version: "1.0" },
      ]);
    }, 60_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      agent = await createTestAgent();
    });
    afterEach(() => agent.remove());

    function call(parameters: object, shared?: { plan: true }) {
      const all = { manager, environment: { ...system.environment }, ...parameters };
      return agent.call("package", all as never, shared === undefined ? {} : { shared });
    }
    const plan = (parameters: object) => call(parameters, { plan: true });
    const of = (version: string): string => `${version}${release}`;

    it("fetches the index when it lacks a package, installs it with what it needs, and does so once", async () => {
      const packages = ["gantry-hello=1.0"];
      if (manager === "apt")
        expect(await plan({ packages })).toMatchObject({
          changed: "unknown",
          message: expect.stringMatching(/index lacks a package/),
        });
      expect(await call({ packages })).toEqual({
        changed: true,
        manager,
        packages: [
          { name: "gantry-base", from: null, to: of("3.2") },
          { name: "gantry-hello", from: null, to: of("1.0") },
        ],
      });
      expect(await call({ packages })).toEqual({ changed: false, manager, packages: [] });
      expect(await plan({ packages })).toEqual({ changed: false, diff: "" });
    });

    it("leaves a package at its version, unless the latest is wanted", async () => {
      await system.publish([{ name: "gantry-hello", version: "1.1", needs: "gantry-base" }]);
      await call({ packages: ["gantry-other"], refresh: "always" });
      expect(await call({ packages: ["gantry-hello"] })).toMatchObject({ changed: false });
      const latest = { packages: ["gantry-hello"], state: "latest" };
      expect(await plan(latest)).toMatchObject({
        changed: true,
        diff: `-gantry-hello ${of("1.0")}\n+gantry-hello ${of("1.1")}\n`,
      });
      expect(await call(latest)).toMatchObject({
        changed: true,
        packages: [{ name: "gantry-hello", from: of("1.0"), to: of("1.1") }],
      });
      expect(await call(latest)).toMatchObject({ changed: false });
    });

    it("goes back to a version that is asked for", async () => {
      expect(await call({ packages: ["gantry-hello=1.0"] })).toMatchObject({
        packages: [{ name: "gantry-hello", from: of("1.1"), to: of("1.0") }],
      });
    });

    it("leaves excluded packages alone", async () => {
      await system.publish([
        { name: "gantry-base", version: "3.3" },
        {
          name: "gantry-hello",
          version: "1.2",
          needs: manager === "apt" ? "gantry-base (>= 3.3)" : "gantry-base >= 3.3",
        },
      ]);
      const parameters = { packages: ["gantry-hello"], state: "latest", exclude: ["gantry-base"], refresh: "always" };
      // apt says that it cannot be done; dnf takes the newest version with which it can.
      if (manager === "apt") await expect(call(parameters)).rejects.toThrow(/gantry-base \(>= 3\.3\)/);
      else expect(await call(parameters)).toMatchObject({ packages: [{ name: "gantry-hello", to: of("1.1") }] });
      expect(await call({ packages: ["gantry-base=3.2"] })).toMatchObject({ changed: false });
    });

    it("says which package nobody knows", async () => {
      await expect(call({ packages: ["gantry-nothing"] })).rejects.toMatchObject({
        code: "package_unknown",
        message: expect.stringMatching(/gantry-nothing/),
      });
    });

    it("removes a package with what needs it, and does so once", async () => {
      const absent = { packages: ["gantry-base", "gantry-never"], state: "absent" };
      const planned = (await plan(absent)) as { diff: string };
      expect(planned.diff).toMatch(/^-gantry-base 3\.2/m);
      expect(planned.diff).toMatch(/^-gantry-hello 1\./m);
      expect(await call(absent)).toMatchObject({ changed: true });
      expect(await call(absent)).toEqual({ changed: false, manager, packages: [] });
    });
  });
}
