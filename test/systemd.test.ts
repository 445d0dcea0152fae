import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bench, createBench } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

// Units as systemd itself reads them.

function verify(path: string): Promise<{ code: number | string; said: string }> {
  return new Promise((resolve) => {
    // With none of the machine's own units, which may have faults of their own.
    const environment = { ...process.env, SYSTEMD_UNIT_PATH: `${join(path, "..")}:` };
    execFile("systemd-analyze", ["verify", "--man=no", path], { env: environment }, (error, out, said) =>
      resolve({ code: error?.code ?? 0, said: out + said }),
    );
  });
}

describeReal("systemd", "units of systemd", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = createBench();
  });
  afterAll(async () => {
    expect(await bench.clear()).toEqual([]);
  });

  it.each([
    ["server", "gantry.service", ["server", "systemd"]],
    ["agent", "gantry-agent.service", ["agent", "systemd"]],
    ["worker", "gantry-worker.service", ["worker", "systemd"]],
  ])("of the %s are understood, and name this installation by absolute paths", async (kind, name, words) => {
    mkdirSync(join(bench.folder, "units"), { recursive: true });
    const path = join(bench.folder, "units", name);
    const written = await bench.gantry([...words, "--out", path]);
    expect([written.code, written.out], written.error).toEqual([0, `Written: ${path}\n`]);
    expect(written.error).toContain(`systemctl enable --now ${name}`);
    const text = readFileSync(path, "utf8");
    const start = /^ExecStart=(.*)$/m.exec(text)?.[1]?.split(" ") ?? [];
    expect(isAbsolute(start[0] ?? "")).toBe(true);
    expect(statSync(start[0]!).mode & 0o111).not.toBe(0);
    expect(start).toContain(kind);
    expect(start.find((word) => word.endsWith("main.js"))).toMatch(/^\//);
    expect(await verify(path)).toEqual({ code: 0, said: "" });
    expect((await bench.gantry([...words, "--out", path])).out).toBe(`Unchanged: ${path}\n`);
    expect((await bench.gantry([...words, "--stdout"])).out).toBe(text);
  });

  it("of a user stand in the user's folder, with the user's settings", async () => {
    const home = join(bench.folder, "a home");
    const environment = { HOME: home, XDG_CONFIG_HOME: "", XDG_DATA_HOME: "" };
    const written = await bench.gantry(["agent", "systemd", "--user"], environment);
    const path = join(home, ".config/systemd/user/gantry-agent.service");
    expect([written.code, written.out], written.error).toEqual([0, `Written: ${path}\n`]);
    expect(written.error).toMatch(/systemctl --user enable --now gantry-agent\.service\n {2}loginctl enable-linger/);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(`Environment="GANTRY_CONFIG=${home}/.config/gantry/config.yaml"`);
    expect(text).toContain(`--state "${home}/.local/share/gantry-agent"`);
    expect(await verify(path)).toEqual({ code: 0, said: "" });
  });

  it("that cannot be written say what to do instead", async () => {
    const refused = await bench.gantry(["agent", "systemd", "--out", "/dev/null/place.service"]);
    expect(refused.code).not.toBe(0);
    expect(refused.error).toMatch(/cannot write \/dev\/null\/place\.service.*\(unit_not_writable\)/s);
    expect((await bench.gantry(["agent", "systemd", "--stdout", "--out", "x"])).code).toBe(2);
  });
});
