import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, afterEach, expect, test } from "vitest";
import {
  callFunction,
  callUndo,
  type DriverUnderTest,
  foundConformanceCases,
  type Parameters,
} from "../src/drivers/conformance.ts";
import { createIpmiModule } from "../src/drivers/ipmi/index.ts";
import { freeDatagramPort, type SimulatedBmc, startBmc } from "./support/bmc.ts";
import { type Chassis, createChassis } from "./support/chassis.ts";
import { describeReal } from "./support/real.ts";

interface Machine {
  readonly chassis: Chassis;
  readonly bmc: SimulatedBmc;
  readonly parameters: Parameters;
}

describeReal(["qemu", "bmc"], "the ipmi driver", () => {
  const all: Machine[] = [];
  /** For the suite, which asks for machines that are off without waiting. */
  const spare: Machine[] = [];
  const taken = new Set<Machine>();
  const module = createIpmiModule({ every: 50 });
  const hasty = createIpmiModule({ tries: { wait: 1, retries: 1 } });
  let count = 0;

  afterEach(async () => {
    for (const one of all.filter((each) => !spare.includes(each) || taken.has(each))) {
      await one.chassis.set("power", "0");
      if (!spare.includes(one)) await remove(one);
    }
    taken.clear();
  });
  afterAll(async () => {
    for (let one = all.at(-1); one !== undefined; one = all.at(-1)) await remove(one);
  });

  async function remove(one: Machine): Promise<void> {
    all.splice(all.indexOf(one), 1);
    await one.bmc.stop();
    await one.chassis.remove();
  }

  async function machine(
    attributes: Record<string, unknown> = {},
    system: "willing" | "deaf" = "willing",
  ): Promise<Machine> {
    count += 1;
    const chassis = createChassis(system);
    const bmc = await startBmc(chassis);
    const usual = {
      address: "127.0.0.1",
      port: bmc.port,
      user: "ADMIN",
      password: "secret",
      cipher: 3,
      stop_timeout: 0,
    };
    const parameters: Parameters = {
      foundation: {
        id: `00000000-0000-7000-8000-${String(count).padStart(12, "0")}`,
        name: `node${count}`,
        attributes: { ...usual, ...attributes } as NonNullable<Parameters["foundation"]["attributes"]>,
      },
    };
    const made = { chassis, bmc, parameters };
    all.push(made);
    return made;
  }

  function withAttributes({ parameters: { foundation } }: Machine, changes: Record<string, unknown>): Parameters {
    const attributes = { ...foundation.attributes, ...changes } as Parameters["foundation"]["attributes"];
    return { foundation: { ...foundation, attributes } };
  }

  /** The next of the machines that are off. */
  function take(): Machine {
    const next = spare.shift();
    if (next === undefined) throw new Error("the suite needs more machines");
    spare.push(next);
    taken.add(next);
    return next;
  }

  const underTest: DriverUnderTest = {
    module,
    origin: "found",
    functions: ["set_boot", "identify", "configure_bmc"],
    foundation: () => take().parameters,
    broken: () => ({ parameters: withAttributes(take(), { password: "wrong" }), code: "ipmi_login_refused" }),
    traces: async () =>
      [...taken].filter(({ chassis }) => isOn(chassis)).map(({ parameters }) => parameters.foundation.name),
  };

  /** Whether the process of the virtual machine runs. */
  function isOn({ folder }: Chassis): boolean {
    return readdirSync("/proc").some((entry) => {
      try {
        const words = readFileSync(`/proc/${entry}/cmdline`, "utf8");
        return words.startsWith("qemu-system") && words.includes(`${folder}/`);
      } catch {
        return false;
      }
    });
  }

  test.each(foundConformanceCases)("$title", async ({ run }) => {
    while (spare.length < 4) spare.push(await machine());
    await expect(run(underTest)).resolves.toBeUndefined();
  });

  test("a system shuts down when it is asked to, and loses its power when it does not listen", async () => {
    const willing = await machine({ stop_timeout: 60 });
    await callFunction(module, "power_on", willing.parameters);
    await expect.poll(() => willing.chassis.serial(), { timeout: 20_000 }).toContain("Hello from the disk");
    expect(await callFunction(module, "power_off", willing.parameters)).toEqual({ power: "off", gracefully: true });
    expect(willing.chassis.told()).toEqual(["power 1", "shutdown 1"]);
    const deaf = await machine({ stop_timeout: 1 }, "deaf");
    await callFunction(module, "power_on", deaf.parameters);
    expect(await callFunction(module, "power_off", deaf.parameters)).toEqual({ power: "off", gracefully: false });
    expect(deaf.chassis.told()).toEqual(["power 1", "shutdown 1", "power 0"]);
  });

  test("a job that is cancelled in the middle of create does not switch off a machine that runs", async () => {
    const { parameters } = await machine();
    await callFunction(module, "power_on", parameters);
    await callUndo(module, "create", parameters, undefined);
    expect(await callFunction(module, "power_state", parameters)).toEqual({ power: "on" });
  });

  test("a machine starts from the network once, when it is told to", async () => {
    const { parameters, chassis } = await machine();
    expect(await callFunction(module, "set_boot", { ...parameters, device: "pxe" })).toEqual({
      boot: "pxe",
      once: true,
    });
    expect(await chassis.get("boot")).toBe("pxe");
    await callFunction(module, "power_on", parameters);
    await expect.poll(() => chassis.serial(), { timeout: 20_000 }).toMatch(/iPXE.*starting execution/s);
    await callFunction(module, "power_off", parameters);
    await callFunction(module, "power_on", parameters);
    await expect.poll(() => chassis.serial(), { timeout: 20_000 }).toContain("Hello from the disk");
  });

  test("waits until the machine switches itself off", async () => {
    const { parameters, chassis } = await machine();
    await callFunction(module, "power_on", parameters);
    await expect.poll(() => chassis.serial(), { timeout: 20_000 }).toContain("Hello from the disk");
    const waiting = callFunction(module, "wait_for_poweroff", parameters);
    await chassis.set("shutdown", "1");
    expect(await waiting).toEqual({ power: "off" });
  });

  test("tells of the BMC's own network interface, and of those the inventory knows", async () => {
    const { parameters } = await machine();
    const interfaces = [{ device: "eth0", mac: "52:54:00:18:00:10", provisioning: true }];
    const known = { foundation: { ...parameters.foundation, interfaces } };
    expect(await callFunction(module, "interface_map", known)).toEqual([
      {
        name: "bmc",
        mac: "52:54:00:18:00:05",
        addresses: [{ address: "10.18.0.5", prefix: 24 }],
        network: null,
        gateway: "10.18.0.1",
      },
      { name: "eth0", mac: "52:54:00:18:00:10", addresses: [], network: null, gateway: null },
    ]);
    expect(await callFunction(module, "identify", { ...parameters, seconds: 5 })).toEqual({ seconds: 5 });
  });

  test("has the BMC take the user and the password that the attributes say, once", async () => {
    // The simulator keeps 16 of the 20 bytes.
    const one = await machine({ user: "gantry", password: "not 'the' usual" });
    const factory = { factory_user: "factory", factory_password: "factory" };
    await expect(callFunction(module, "create", one.parameters)).rejects.toMatchObject({ code: "ipmi_login_refused" });
    const configured = { ...one.parameters, ...factory };
    expect(await callFunction(module, "configure_bmc", configured)).toEqual({ changed: true, user: "gantry" });
    expect(await callFunction(module, "configure_bmc", configured)).toEqual({ changed: false, user: "gantry" });
    await callFunction(module, "power_on", one.parameters);
    // The factory's own user gets a new password: from then on only that is taken.
    const own = withAttributes(one, { user: "factory", password: "changed" });
    expect(await callFunction(module, "configure_bmc", { ...own, ...factory })).toMatchObject({ changed: true });
    expect(await callFunction(module, "link_test", own)).toBe(true);
    const third = withAttributes(one, { user: "third", password: "third" });
    await expect(callFunction(module, "configure_bmc", { ...third, ...factory })).rejects.toMatchObject({
      code: "ipmi_login_refused",
    });
  });

  test.each([
    ["a wrong password", { password: "wrong" }, "ipmi_login_refused", /refuses the password/],
    ["a wrong user", { user: "nobody" }, "ipmi_login_refused", /refuses the user/],
    ["another cipher suite", { cipher: 17 }, "ipmi_cipher_refused", /does not know the cipher suite/],
    ["a name without an address", { address: "no-such-host.invalid" }, "ipmi_unreachable", /nobody knows an address/],
  ])("%s is named, and fails the test of the way", async (_, changes, code, message) => {
    const one = withAttributes(await machine(), changes);
    await expect(callFunction(module, "create", one)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    const said: string[] = [];
    expect(await callFunction(module, "link_test", one, { message: (text) => void said.push(text) })).toBe(false);
    expect(said.join()).toMatch(message);
    expect(said.join()).not.toContain("secret");
  });

  test("a BMC that swallows everything, and one that answers garbage, are given up soon", async () => {
    const one = await machine();
    const silent = await freeDatagramPort();
    await expect(callFunction(hasty, "observe", withAttributes(one, { port: silent }))).rejects.toMatchObject({
      code: "ipmi_unreachable",
    });
    const mad = createSocket("udp4").bind(0, "127.0.0.1");
    await once(mad, "listening");
    mad.on("message", (bytes, { port, address }) => {
      const answer = Buffer.concat([bytes.subarray(0, 4), Buffer.from([0x06, 0x11]), Buffer.alloc(300, "garbage")]);
      mad.send(answer, port, address);
    });
    const { port } = mad.address();
    try {
      await expect(callFunction(hasty, "observe", withAttributes(one, { port }))).rejects.toMatchObject({
        code: "ipmi_answer_unknown",
      });
    } finally {
      mad.close();
    }
  });

  test("a cancel ends it at once", async () => {
    const one = await machine();
    const cancel = new AbortController();
    const { signal } = cancel;
    const silent = withAttributes(one, { port: await freeDatagramPort() });
    const observing = callFunction(createIpmiModule(), "observe", silent, { signal });
    setTimeout(() => cancel.abort(new Error("cancelled")), 100);
    await expect(observing).rejects.toThrow("cancelled");
  });

  test("nobody sees a password in the list of processes", async () => {
    const one = withAttributes(await machine(), { port: await freeDatagramPort() });
    const observing = callFunction(hasty, "observe", one).catch(() => undefined);
    const lines = () =>
      readdirSync("/proc").flatMap((entry) => {
        try {
          const text = readFileSync(`/proc/${entry}/cmdline`, "utf8");
          return text.startsWith("ipmitool\0") ? [text] : [];
        } catch {
          return [];
        }
      });
    await expect.poll(() => lines().length).toBeGreaterThan(0);
    expect(lines().join()).not.toContain("secret");
    await observing;
  });
});
