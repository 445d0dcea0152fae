import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { callFunction } from "../src/drivers/conformance.ts";
import { createIpmiModule } from "../src/drivers/ipmi/index.ts";
import { type SimulatedBmc, startBmc } from "./support/bmc.ts";
import { type Chassis, createChassis } from "./support/chassis.ts";
import { type Bench, createBench } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

/** The first steps of Contractor's script `ipmi-create`, and what a person does in between: one server, its worker, a BMC and a machine. */
const CREATE = `while not foundation.link_test() do
begin()
  pause( msg="IPMI Link test failed, resume to try again." )
end
foundation.wait_for_poweroff()
foundation.configure_bmc( factory_user="ADMIN", factory_password=config.factory )
begin( description="Start" )
  foundation.set_boot( device="disk" )
  foundation.power_on()
end
`;

describeReal(["qemu", "bmc"], "a machine in a rack, from the site file to a system that runs", () => {
  let bench: Bench | undefined;
  let chassis: Chassis | undefined;
  let bmc: SimulatedBmc | undefined;

  afterAll(async () => {
    const left = await bench?.clear();
    await bmc?.stop();
    await chassis?.remove();
    expect(left).toEqual([]);
  });

  it("waits until it is located, stops where the BMC lets nobody in, and goes on when a person says so", async () => {
    const own = (bench = createBench());
    const machine = (chassis = createChassis());
    const { port } = (bmc = await startBmc(machine));
    const attributes = { address: "127.0.0.1", port, user: "gantry", password: { $secret: "bmc" }, cipher: 3 };
    const site = {
      design: "rack",
      sites: { rack1: { kind: "rack", variables: { factory: { $secret: "factory" } } } },
      blueprints: {
        server: {
          builds: "foundation",
          foundation_types: ["ipmi"],
          scripts: { create: CREATE, destroy: "foundation.destroy()" },
        },
        node: { builds: "structure", scripts: { create: "# What it starts from does the rest." } },
      },
      structures: {
        db1: { site: "rack1", blueprint: "node", foundation: { type: "ipmi", blueprint: "server", attributes } },
      },
    };
    // YAML is JSON and more.
    writeFileSync(join(own.folder, "rack.yaml"), JSON.stringify(site, null, 2));

    async function gantry(...words: readonly string[]): Promise<string> {
      const { code, out, error } = await own.gantry(words);
      expect(code, `gantry ${words.join(" ")}: ${out}${error}`).toBe(0);
      return out;
    }
    async function job(): Promise<{ id: string; status: string; message: string | null } | undefined> {
      const jobs = JSON.parse(await gantry("get", "jobs", "--output", "json")) as {
        id: string;
        status: string;
        message: string | null;
        target: { kind: string };
      }[];
      return jobs.find(({ target }) => target.kind === "foundation");
    }

    await gantry("server", "start");
    for (const [name, value] of Object.entries({ bmc: "new-password", factory: "secret" })) {
      writeFileSync(join(own.folder, "value"), value);
      await gantry("secret", "set", name, "--value-file", "value");
    }
    expect(await gantry("up", "--yes", "rack.yaml")).toContain("waits until it is located");
    expect(await job()).toBeUndefined();

    await gantry("foundation", "locate", "db1");
    await expect
      .poll(job, { timeout: 30_000 })
      .toMatchObject({ status: "paused", message: expect.stringMatching(/^IPMI Link test failed/) });
    // Somebody gives the BMC the user it is to have.
    const foundation = { id: "x", name: "db1", attributes: { ...attributes, password: "new-password" } };
    const factory = { factory_user: "factory", factory_password: "factory" };
    await callFunction(createIpmiModule(), "configure_bmc", { foundation, ...factory });
    const { id = "" } = (await job()) ?? {};
    await gantry("job", "resume", id);
    await expect.poll(job, { timeout: 30_000 }).toMatchObject({ status: "done" });
    await expect.poll(() => machine.serial(), { timeout: 30_000 }).toContain("Hello from the disk");

    const log = await gantry("job", "log", id);
    expect(log).toMatch(
      /message\s+the BMC at 127\.0\.0\.1 port \d+, asked for chassis power status: it refuses the user/,
    );
    expect(log).not.toContain("new-password");
    await gantry("down", "--yes");
    expect(await machine.get("power")).toBe("0");
  });
});
