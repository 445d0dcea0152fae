import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, afterEach, expect, test } from "vitest";
import {
  callFunction,
  type DriverUnderTest,
  foundConformanceCases,
  type Parameters,
} from "../src/drivers/conformance.ts";
import { createRedfishModule } from "../src/drivers/redfish/index.ts";
import { type Chassis, createChassis } from "./support/chassis.ts";
import { describeReal } from "./support/real.ts";
import { type RedfishEmulator, startRedfish } from "./support/redfish-emulator.ts";

interface Machine {
  readonly chassis: Chassis;
  readonly bmc: RedfishEmulator;
  readonly parameters: Parameters;
}

describeReal("qemu", "the redfish driver", () => {
  const all: Machine[] = [];
  /** For the suite, which asks for machines that are off without waiting. */
  const spare: Machine[] = [];
  const taken = new Set<Machine>();
  const module = createRedfishModule({ every: 50 });
  const hasty = createRedfishModule({ answerLimit: 500 });
  let count = 0;

  afterEach(async () => {
    for (const one of all.filter((each) => !spare.includes(each) || taken.has(each))) {
      one.bmc.interfere = undefined;
      await one.chassis.set("power", "0");
      expect(one.bmc.sessions(), "a session was left open").toBe(0);
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
    const bmc = await startRedfish(chassis);
    const usual = {
      address: bmc.url,
      fingerprint: bmc.fingerprint,
      user: "ADMIN",
      password: "secret",
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
    const changed = Object.entries({ ...foundation.attributes, ...changes }).filter(([, value]) => value !== undefined);
    const attributes = Object.fromEntries(changed) as Parameters["foundation"]["attributes"];
    return { foundation: { ...foundation, attributes } };
  }

  function take(): Machine {
    const next = spare.shift();
    if (next === undefined) throw new Error("the suite needs more machines");
    spare.push(next);
    taken.add(next);
    return next;
  }

  async function traces(): Promise<readonly string[]> {
    const on: string[] = [];
    for (const { chassis, parameters } of taken)
      if ((await chassis.get("power")) === "1") on.push(parameters.foundation.name);
    return on.toSorted();
  }

  const underTest: DriverUnderTest = {
    module,
    origin: "found",
    functions: ["set_boot", "firmware", "configure_bmc"],
    foundation: () => take().parameters,
    broken: () => ({ parameters: withAttributes(take(), { password: "wrong" }), code: "redfish_login_refused" }),
    traces,
  };

  test.each(foundConformanceCases)("$title", async ({ run }) => {
    while (spare.length < 4) spare.push(await machine());
    await expect(run(underTest)).resolves.toBeUndefined();
  });

  test("a system shuts down when it is asked to, and loses its power when it does not listen", async () => {
    const willing = await machine({ stop_timeout: 60 });
    await callFunction(module, "power_on", willing.parameters);
    await expect.poll(() => willing.chassis.serial(), { timeout: 20_000 }).toContain("Hello from the disk");
    expect(await callFunction(module, "power_off", willing.parameters)).toEqual({ power: "off", gracefully: true });
    expect(willing.bmc.resets).toEqual(["On", "GracefulShutdown"]);
    const deaf = await machine({ stop_timeout: 1 }, "deaf");
    await callFunction(module, "power_on", deaf.parameters);
    expect(await callFunction(module, "power_off", deaf.parameters)).toEqual({ power: "off", gracefully: false });
    expect(deaf.bmc.resets).toEqual(["On", "GracefulShutdown", "ForceOff"]);
  });

  test("a machine starts from the network once, when it is told to", async () => {
    const { parameters, chassis } = await machine();
    await callFunction(module, "set_boot", { ...parameters, device: "pxe" });
    await callFunction(module, "power_on", parameters);
    await expect.poll(() => chassis.serial(), { timeout: 20_000 }).toMatch(/iPXE.*starting execution/s);
    await callFunction(module, "power_off", parameters);
    await callFunction(module, "power_on", parameters);
    await expect.poll(() => chassis.serial(), { timeout: 20_000 }).toContain("Hello from the disk");
  });

  test("tells of its network interfaces, by the inventory's names, and of its firmware", async () => {
    const { parameters } = await machine();
    const interfaces = [{ device: "eth0", mac: "52:54:00:18:00:20", provisioning: true }];
    const card = {
      mac: "52:54:00:18:00:20",
      addresses: [{ address: "10.18.0.20", prefix: 24 }],
      network: null,
      gateway: "10.18.0.1",
    };
    expect(await callFunction(module, "interface_map", parameters)).toEqual([{ name: "NIC.1", ...card }]);
    const known = { foundation: { ...parameters.foundation, interfaces } };
    expect(await callFunction(module, "interface_map", known)).toEqual([{ name: "eth0", ...card }]);
    expect(await callFunction(module, "firmware", parameters)).toEqual({
      system: { uuid: "01890000-0000-7000-8000-0000000000ab", vendor: "Example", product: "R1", serial: "4711" },
      firmware: { bios: "1.2.3", "BMC Firmware": "7.0.1" },
    });
  });

  test.each(["session", "basic"])(
    "has the BMC take the user and the password that the attributes say, by %s",
    async (authentication) => {
      const one = await machine({ user: "gantry", password: "changed", authentication });
      const factory = { factory_user: "factory", factory_password: "factory" };
      await expect(callFunction(module, "create", one.parameters)).rejects.toMatchObject({
        code: "redfish_login_refused",
      });
      const configured = { ...one.parameters, ...factory };
      expect(await callFunction(module, "configure_bmc", configured)).toEqual({ changed: true, user: "gantry" });
      expect(await callFunction(module, "configure_bmc", configured)).toEqual({ changed: false, user: "gantry" });
      expect(await callFunction(module, "create", one.parameters)).toEqual({ adopted: true, power: "off" });
      const own = withAttributes(one, { user: "factory", password: "other" });
      expect(await callFunction(module, "configure_bmc", { ...own, ...factory })).toEqual({
        changed: true,
        user: "factory",
      });
      expect(Object.fromEntries(one.bmc.accounts)).toEqual({ ADMIN: "secret", factory: "other", gantry: "changed" });
    },
  );

  test("only what a system allows is asked of it, and which system is meant is said", async () => {
    const one = await machine();
    one.bmc.allowed = ["ForceOn", "PushPowerButton"];
    await callFunction(module, "power_on", one.parameters);
    expect(one.bmc.resets).toEqual(["ForceOn"]);
    await expect(callFunction(module, "destroy", one.parameters)).rejects.toMatchObject({
      code: "redfish_unsupported",
      message: expect.stringMatching(/cannot be told to go off: it takes ForceOn, PushPowerButton$/),
    });
    one.bmc.systems = ["System.1", "System.2"];
    await expect(callFunction(module, "observe", one.parameters)).rejects.toMatchObject({
      code: "redfish_system_unknown",
      message: expect.stringMatching(/are: System\.1, System\.2; and which one is meant is not said$/),
    });
    expect(await callFunction(module, "observe", withAttributes(one, { system: "System.2" }))).toMatchObject({
      power: "on",
    });
  });

  test("a certificate is trusted by its fingerprint or its authority, and else the other one is named", async () => {
    const one = await machine();
    const { authority, fingerprint } = one.bmc;
    expect(
      await callFunction(module, "observe", withAttributes(one, { fingerprint: undefined, authority })),
    ).toMatchObject({
      power: "off",
    });
    const seen: string[] = [];
    one.bmc.interfere = (request) => (seen.push(request.url ?? ""), false);
    await expect(
      callFunction(module, "observe", withAttributes(one, { fingerprint: "ab".repeat(32) })),
    ).rejects.toMatchObject({
      code: "redfish_certificate",
      message: expect.stringContaining(fingerprint),
    });
    await expect(
      callFunction(module, "observe", withAttributes(one, { fingerprint: undefined })),
    ).rejects.toMatchObject({
      code: "redfish_certificate",
    });
    // Nothing was said to what may be anybody.
    expect(seen).toEqual([]);
  });

  type Interfere = (request: IncomingMessage, response: ServerResponse) => boolean;
  const always =
    (act: (response: ServerResponse) => void): Interfere =>
    (_, response) => (act(response), true);

  test.each<[string, Interfere, string, RegExp]>([
    [
      "is no JSON",
      always((response) => response.end("<html>welcome</html>")),
      "redfish_answer_unknown",
      /it is no JSON/,
    ],
    ["is other JSON", always((response) => response.end('{"Systems":7}')), "redfish_answer_unknown", /Systems: /],
    [
      "has no end",
      always((response) => response.end(Buffer.alloc(5 * 1024 * 1024, " "))),
      "redfish_answer_unknown",
      /longer than/,
    ],
    [
      "breaks off",
      always((response) => void response.write("{", () => response.destroy())),
      "redfish_unreachable",
      /does not answer/,
    ],
    ["never comes", always(() => undefined), "redfish_unreachable", /no whole answer in 0\.5 s/],
    ["drips", always((response) => void drip(response)), "redfish_unreachable", /no whole answer in 0\.5 s/],
    [
      "is 503 for ever",
      always((response) => response.writeHead(503, { "retry-after": "0" }).end()),
      "redfish_busy",
      /answers 503 each of 6 times/,
    ],
    [
      "leads elsewhere",
      always((response) => response.writeHead(307, { location: "https://127.0.0.1:9/redfish/v1/" }).end()),
      "redfish_answer_unknown",
      /sends us elsewhere: https:\/\/127\.0\.0\.1:9/,
    ],
    [
      "leads in a circle",
      always((response) => response.writeHead(307, { location: "/redfish/v1/" }).end()),
      "redfish_answer_unknown",
      /status 307/,
    ],
    [
      "has a link to elsewhere",
      always((response) => response.end('{"Links":{"Sessions":{"@odata.id":"//evil.example.org/x"}}}')),
      "redfish_answer_unknown",
      /sends us elsewhere: \/\/evil/,
    ],
    [
      "is an error in words",
      always((response) => response.writeHead(500).end('{"error":{"message":"out of memory"}}')),
      "redfish_refused",
      /out of memory \(status 500\)/,
    ],
  ])("an answer that %s is an error with a code, and soon", async (_, interfere, code, message) => {
    const one = await machine();
    one.bmc.interfere = interfere;
    await expect(callFunction(hasty, "observe", one.parameters)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    const said: string[] = [];
    expect(await callFunction(hasty, "link_test", one.parameters, { message: (text) => void said.push(text) })).toBe(
      false,
    );
    expect(said.join()).toMatch(message);
    expect(said.join()).not.toContain("secret");
  });

  /** A byte now and then, for ever. */
  function drip(response: ServerResponse): void {
    const timer = setInterval(() => response.write(" "), 50);
    response.on("close", () => clearInterval(timer));
  }

  test("a service that is not ready at first, and one that moved by a slash, are asked again", async () => {
    const one = await machine();
    let refusals = 3;
    one.bmc.interfere = (_, response) => {
      refusals -= 1;
      if (refusals >= 0) response.writeHead(refusals === 1 ? 429 : 503, { "retry-after": "0" }).end();
      return refusals >= 0;
    };
    expect(await callFunction(module, "observe", one.parameters)).toMatchObject({ power: "off" });
    let moved = false;
    one.bmc.interfere = (_, response) => {
      if (moved) return false;
      moved = true;
      response.writeHead(308, { location: "/redfish/v1/" }).end();
      return true;
    };
    expect(await callFunction(module, "observe", one.parameters)).toMatchObject({ power: "off" });
  });

  test("what somebody else changed meanwhile is read again before it is changed", async () => {
    const one = await machine();
    let conflicts = 1;
    one.bmc.interfere = (request, response) => {
      if (request.method !== "PATCH" || conflicts === 0) return false;
      conflicts -= 1;
      response.writeHead(412).end();
      return true;
    };
    await callFunction(module, "set_boot", { ...one.parameters, device: "pxe" });
    expect(await one.chassis.get("boot")).toBe("pxe");
  });

  test("a cancel ends it at once, and nobody listens is said", async () => {
    const one = await machine();
    one.bmc.interfere = always(() => undefined);
    const cancel = new AbortController();
    const slow = createRedfishModule();
    const observing = callFunction(slow, "observe", one.parameters, { signal: cancel.signal });
    cancel.abort(new Error("cancelled"));
    await expect(observing).rejects.toThrow("cancelled");
    await expect(
      callFunction(module, "observe", withAttributes(one, { address: "127.0.0.1:1" })),
    ).rejects.toMatchObject({
      code: "redfish_unreachable",
      message: expect.stringContaining("https://127.0.0.1:1"),
    });
  });
});
