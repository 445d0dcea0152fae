import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { installMissing } from "./support/debian.ts";
import { decideOn, describeReal } from "./support/real.ts";

const there = { here: { address: "x" }, gone: { missing: "the moon is far" }, away: { missing: "nobody is root" } };

describe("tests of real parts", () => {
  it("run when all their parts are there", () => {
    expect(decideOn(there, ["here"], true, [])).toEqual({ act: "run" });
  });

  it("are skipped when one is missing, saying which and why", () => {
    expect(decideOn(there, ["here", "gone", "away"], false, [])).toEqual({
      act: "skip",
      why: "needs gone: the moon is far; needs away: nobody is root",
    });
  });

  it("fail when skips must be on the list, unless all of theirs are", () => {
    const skips = [{ part: "gone", reason: "no moon in continuous integration" }];
    expect(decideOn(there, ["gone"], true, []).act).toBe("fail");
    expect(decideOn(there, ["gone"], true, skips).act).toBe("skip");
    expect(decideOn(there, ["gone", "away"], true, skips).act).toBe("fail");
  });

  it("know only parts of the table", () => {
    expect(() => decideOn(there, ["elsewhere"], false, [])).toThrow(/no part elsewhere/);
  });
});

describe("installing parts", () => {
  it("does nothing when all are there", async () => {
    expect(
      await installMissing([{ name: "x", packages: ["gantry-no-such-package"], present: () => true }]),
    ).toBeUndefined();
  });
});

describeReal("postgresql", "PostgreSQL for the tests", () => {
  it("ends with the test run, also when that is killed", async () => {
    const script = `
      import { postgresPart } from "./test/support/postgres.ts";
      const { address } = await postgresPart.start();
      console.log(address);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: join(import.meta.dirname, ".."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [address] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const client = new pg.Client({ connectionString: address });
    const ended = new Promise((resolve) => {
      client.on("error", resolve);
    });
    await client.connect();
    child.kill("SIGKILL");
    expect(await ended).toBeInstanceOf(Error);
    // Its socket is removed at the end of a shutdown.
    const folder = new URL(address).searchParams.get("host")!;
    while (existsSync(join(folder, ".s.PGSQL.5432"))) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    rmSync(folder, { recursive: true, force: true });
  });
});
