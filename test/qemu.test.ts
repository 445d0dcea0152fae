import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { callFunction, conformanceCases, type DriverUnderTest, type Parameters } from "../src/drivers/conformance.ts";
import { createQemuModule } from "../src/drivers/qemu/index.ts";
import { machineUuid } from "../src/drivers/qemu/model.ts";
import { bootDisk } from "./support/qemu.ts";
import { describeReal } from "./support/real.ts";

describeReal("qemu", "the qemu driver", () => {
  let folder: string;
  /** Longer than the path of a socket may be. */
  const data = "data-folder".repeat(10);
  let count = 0;
  const made: Parameters[] = [];
  const modules: ReturnType<typeof createQemuModule>[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gantry-qemu-"));
    for (const kind of ["willing", "deaf", "endless"] as const)
      await writeFile(join(folder, `${kind}.img`), bootDisk(`Hello from a ${kind} disk`, kind));
  });
  afterEach(async () => {
    for (const parameters of made.splice(0)) await callFunction(driver(), "destroy", parameters);
    for (const module of modules.splice(0)) await module.close?.();
  });
  afterAll(async () => {
    expect(machines()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  /** Another worker each time. */
  function driver() {
    const module = createQemuModule({ dataFolder: join(folder, data) });
    modules.push(module);
    return module;
  }

  function foundation(attributes: Record<string, unknown> = {}, image = "willing"): Parameters {
    count += 1;
    const parameters = {
      foundation: {
        id: `00000000-0000-7000-8000-${String(count).padStart(12, "0")}`,
        name: `vm${count}`,
        attributes: {
          memory: 32 * 1024 * 1024,
          disks: [{ image: join(folder, `${image}.img`), format: "raw" }],
          networks: [],
          boot: ["disk"],
          acceleration: "tcg",
          stop_timeout: 0,
          ...attributes,
        } as Parameters["foundation"]["attributes"],
      },
    };
    made.push(parameters);
    return parameters;
  }

  /** Processes of machines in the tests' folder. */
  function machines(): readonly number[] {
    return readdirSync("/proc").flatMap((entry) => {
      try {
        const words = readFileSync(`/proc/${entry}/cmdline`, "utf8");
        return words.startsWith("qemu-system-x86_64\0") && words.includes(`${folder}/`) ? [Number(entry)] : [];
      } catch {
        return [];
      }
    });
  }

  function placeOf({ foundation: { id, name } }: Parameters, ...path: readonly string[]): string {
    return join(folder, data, "qemu", `${name}-${id.slice(-6)}`, ...path);
  }

  async function serial(parameters: Parameters): Promise<string> {
    return ((await callFunction(driver(), "serial_log", parameters)) as { text: string }).text;
  }

  function says(parameters: Parameters, what: string | RegExp): Promise<void> {
    return expect.poll(() => serial(parameters), { timeout: 40_000 }).toMatch(what);
  }

  async function traces(): Promise<readonly string[]> {
    return [...(await readdir(join(folder, data, "qemu")).catch(() => [])), ...machines().map(String)];
  }

  const underTest = (module = driver()): DriverUnderTest => ({
    module,
    origin: "made",
    functions: ["set_boot", "serial_log"],
    foundation,
    broken: () => ({
      parameters: foundation({ disks: [{ size: 1024 * 1024 }, { image: join(folder, "missing.qcow2") }] }),
      code: "qemu_image_invalid",
    }),
    traces,
    vanish: (parameters) => rm(placeOf(parameters), { recursive: true }),
  });

  test.each(conformanceCases)("$title", async ({ run }) => {
    await expect(run(underTest())).resolves.toBeUndefined();
    expect(await traces()).toEqual([]);
  });

  test("a system starts from its disk, shuts down when it is asked to, and what it said is kept", async () => {
    const parameters = foundation({ stop_timeout: 60 });
    await callFunction(driver(), "create", parameters);
    const { serial_log: log } = (await callFunction(driver(), "power_on", parameters)) as { serial_log: string };
    await says(parameters, "Hello from a willing disk");
    expect(await callFunction(driver(), "power_off", parameters)).toEqual({ power: "off", gracefully: true });
    expect(await readFile(log, "utf8")).toContain("Hello from a willing disk");
    // The image is what the disk is laid over, and stays as it is.
    expect(await readFile(join(folder, "willing.img"))).toEqual(bootDisk("Hello from a willing disk"));
  });

  test("a system that does not listen loses its power after its time", async () => {
    const parameters = foundation({ stop_timeout: 1 }, "deaf");
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    await says(parameters, "Hello from a deaf disk");
    expect(await callFunction(driver(), "power_off", parameters)).toEqual({ power: "off", gracefully: false });
  });

  test("the serial log of a system that never stops talking does not grow for ever", async () => {
    const parameters = foundation({}, "endless");
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    await expect.poll(() => existsSync(placeOf(parameters, "serial.log.1")), { timeout: 60_000 }).toBe(true);
    expect((await stat(placeOf(parameters, "serial.log.1"))).size).toBe(1024 * 1024);
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });

  test("two machines at once on one network of their own, with the inventory's MAC addresses", async () => {
    const networks = [{ multicast: "230.18.0.7:40117" }, {}];
    const both = [foundation({ networks, cpus: 2 }), foundation({ networks, machine: "pc" })];
    both[0]!.foundation.interfaces = [{ device: "lan0", mac: "52:54:00:AA:BB:01", provisioning: true }];
    await Promise.all(both.map((parameters) => callFunction(driver(), "create", parameters)));
    await Promise.all(both.map((parameters) => callFunction(driver(), "power_on", parameters)));
    await Promise.all(both.map((parameters) => says(parameters, "Hello")));
    expect(machines()).toHaveLength(2);
    const nothing = { addresses: [], gateway: null };
    const own = expect.stringMatching(/^52:54:00(:[0-9a-f]{2}){3}$/) as string;
    expect(await callFunction(driver(), "interface_map", both[0])).toEqual([
      { name: "lan0", mac: "52:54:00:aa:bb:01", network: "230.18.0.7:40117", ...nothing },
      { name: "eth1", mac: own, network: "user", ...nothing },
    ]);
  });

  test("a machine starts from the network when its disk is empty, and when it is told to, once", async () => {
    const empty = foundation({ disks: [{ size: 1024 * 1024 }], networks: [{}], boot: ["disk", "network"] });
    await callFunction(driver(), "create", empty);
    await callFunction(driver(), "power_on", empty);
    await says(empty, /iPXE/);
    const parameters = foundation({ networks: [{}], boot: ["disk", "network"] });
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "set_boot", { ...parameters, device: "pxe" });
    await callFunction(driver(), "power_on", parameters);
    await says(parameters, /iPXE.*starting/s);
    await callFunction(driver(), "power_off", parameters);
    await rm(placeOf(parameters, "serial.log"));
    await callFunction(driver(), "power_on", parameters);
    await says(parameters, "Hello");
    expect(await serial(parameters)).not.toMatch(/starting execution/);
  });

  test("a machine on a bridge is plugged in when it runs; a bridge that is not there is named", async () => {
    const bridge = `gt${process.pid}`;
    const parameters = foundation({ networks: [{ bridge }] });
    await expect(callFunction(driver(), "create", parameters)).rejects.toMatchObject({
      code: "qemu_network_failed",
      message: expect.stringContaining(`the worker's machine has no bridge ${bridge}`),
    });
    execFileSync("ip", ["link", "add", bridge, "type", "bridge"]);
    try {
      await callFunction(driver(), "create", parameters);
      await callFunction(driver(), "power_on", parameters);
      expect(readdirSync(`/sys/class/net/${bridge}/brif`)).toEqual([expect.stringMatching(/^gt[0-9a-f]{10}\.0$/)]);
      await callFunction(driver(), "destroy", parameters);
      expect(readdirSync(`/sys/class/net/${bridge}/brif`)).toEqual([]);
    } finally {
      execFileSync("ip", ["link", "delete", bridge]);
    }
  });

  test("KVM is used when it really works", async () => {
    const parameters = foundation({ acceleration: "auto" });
    await callFunction(driver(), "create", parameters);
    const { accelerator } = (await callFunction(driver(), "power_on", parameters)) as { accelerator: string };
    await says(parameters, "Hello");
    const forced = foundation({ acceleration: "kvm" });
    await callFunction(driver(), "create", forced);
    const outcome = await callFunction(driver(), "power_on", forced).then(
      () => "kvm",
      (error: { code: string }) => error.code,
    );
    expect(outcome).toBe(accelerator === "kvm" ? "kvm" : "qemu_acceleration_missing");
  });

  test("UEFI starts, and says what it tries", async () => {
    const parameters = foundation({ firmware: "uefi", memory: 128 * 1024 * 1024 });
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    await says(parameters, /BdsDxe/);
    expect((await stat(placeOf(parameters, "firmware-variables.fd"))).size).toBeGreaterThan(100_000);
  });

  test("cloud-init's seed holds the texts, and what an agent needs to join", async () => {
    const parameters = {
      ...foundation({ user_data: "#cloud-config\nhostname: web\n" }),
      join: { urls: ["https://gantry.example.org"], token: "gantry-join-x" },
    };
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    const seed = placeOf(parameters, "seed.iso");
    const read = (file: string): string =>
      execFileSync("xorriso", ["-osirrox", "on", "-indev", seed, "-concat", "append", "-", file], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    expect((await readFile(seed)).includes("CIDATA")).toBe(true);
    expect(read("/user-data")).toBe("#cloud-config\nhostname: web\n");
    expect(read("/meta-data")).toContain(`instance-id: ${machineUuid(parameters.foundation.id)}`);
    expect(JSON.parse(read("/gantry-join.json"))).toEqual({ ...parameters.join, name: parameters.foundation.name });
    // It holds a token: nobody else may read it.
    expect((await stat(placeOf(parameters))).mode & 0o077).toBe(0);
  });

  test("a port that is taken is named, and nothing is left running", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as { port: number };
    const parameters = foundation({ networks: [{ ports: [`${port}:22`] }] });
    await callFunction(driver(), "create", parameters);
    await expect(callFunction(driver(), "power_on", parameters)).rejects.toMatchObject({
      code: "qemu_port_taken",
      message: expect.stringContaining(String(port)),
    });
    expect(machines()).toEqual([]);
    listener.close();
    await callFunction(driver(), "power_on", parameters);
  });

  test("images that are none, or too large for their disk", async () => {
    const notes = join(folder, "notes");
    await writeFile(notes, "no image");
    for (const [disk, why] of [
      [{ image: notes, format: "qcow2" }, /not in qcow2 format/i],
      [{ image: join(folder, "missing") }, /No such file/],
      [{ image: join(folder, "deaf.img"), size: 2 * 1024 * 1024 }, undefined],
      [{ image: join(folder, "large.img"), size: 1024 * 1024 }, /a disk of 1048576 bytes cannot hold its 2097152/],
    ] as const) {
      await writeFile(join(folder, "large.img"), Buffer.alloc(2 * 1024 * 1024));
      const outcome = callFunction(driver(), "create", foundation({ disks: [disk] }));
      if (why === undefined) await outcome;
      else
        await expect(outcome).rejects.toMatchObject({
          code: "qemu_image_invalid",
          message: expect.stringMatching(why),
        });
    }
  });

  test("a machine made with other disks is made anew; anything else counts from the next start", async () => {
    const parameters = foundation();
    const { foundation: old } = parameters;
    await callFunction(driver(), "create", parameters);
    const memory = { ...old.attributes, memory: 64 * 1024 * 1024 };
    expect(await callFunction(driver(), "create", { foundation: { ...old, attributes: memory } })).toMatchObject({
      adopted: true,
    });
    await callFunction(driver(), "power_on", parameters);
    const disks = { ...old.attributes, disks: [{ size: 1024 * 1024 }] };
    const changed = await callFunction(driver(), "create", { foundation: { ...old, attributes: disks } });
    expect(changed).toMatchObject({ adopted: false });
    expect(machines()).toEqual([]);
    // Attributes that are not right any more keep nobody from taking it down.
    const wrong = { ...old, attributes: { no_such_thing: true } };
    await callFunction(driver(), "power_off", { foundation: wrong });
    expect(await callFunction(driver(), "destroy", { foundation: wrong })).toEqual({ removed: true });
  });

  test("a worker killed while it made the disks, and while it started the machine, leaves what the next one goes on with", async () => {
    const parameters = foundation({ disks: [{ size: 1024 * 1024 }, { image: join(folder, "willing.img") }] });
    await dieIn("create", parameters, "message");
    expect(await readdir(join(folder, data, "qemu"))).toEqual([`.new-${parameters.foundation.id}`]);
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ exists: false });
    await callFunction(driver(), "create", parameters);
    // Dead before it wrote down which process the machine is, or right after: the socket is there at about that time.
    await dieIn("power_on", parameters, placeOf(parameters, "qmp"));
    expect(machines()).toHaveLength(1);
    const before = machines();
    await callFunction(driver(), "power_on", parameters);
    expect(machines()).toEqual(before);
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ power: "on" });
    await rm(placeOf(parameters, "process.json"), { force: true });
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ power: "on" });
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });

  test("a worker killed while it switched a machine off, and while it removed it, leaves what the next one goes on with", async () => {
    const parameters = foundation({ stop_timeout: 3600 }, "deaf");
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    await dieIn("power_off", parameters, placeOf(parameters, "serial.log"));
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ exists: true, power: "on" });
    // One that gave up half-way, and one whose folder had its other name already.
    const { attributes, ...rest } = parameters.foundation;
    const patient = { foundation: { ...rest, attributes: { ...attributes, stop_timeout: 0 } } };
    await callFunction(driver(), "power_off", patient);
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ exists: true, power: "off" });
    await rename(placeOf(parameters), join(folder, data, "qemu", `.old-${parameters.foundation.id}`));
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ exists: false });
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });

  async function dieIn(name: string, parameters: Parameters, where: string): Promise<void> {
    const script = join(import.meta.dirname, "support", "qemu-child.ts");
    const words = [script, join(folder, data), name, JSON.stringify(parameters), where];
    const child = spawn(process.execPath, words, { stdio: "inherit" });
    const [, signal] = (await once(child, "exit")) as [number | null, string | null];
    expect(signal).toBe("SIGKILL");
  }
});
