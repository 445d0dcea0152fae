import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessMigrations, auditMigrations, type Principal } from "../access/index.ts";
import { accountWith, ADMINISTRATOR, admitTo, testDoor } from "../access/testing.ts";
import { createInventoryService, createInventoryStore, inventoryMigrations, type Edit } from "../inventory/index.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import type { GantryError } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { migrate, openDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { createHttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createMachineService } from "./service.ts";
import { createMachineTokenService } from "./token-service.ts";
import { machineRoutes } from "./routes.ts";
import { machineMigrations } from "./tables.ts";

const UUID = "4c4c4544-0042-3510-8056-b4c04f4d3732";
const OTHER = "4c4c4544-0042-3510-8056-b4c04f4d0000";

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly outcome?: JsonObject };
}

async function openBench() {
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const random = systemRandom;
  const database = await openDatabase(":memory:", { clock, log: silentLogger() });
  const migrations = [
    ...eventMigrations,
    ...inventoryMigrations,
    ...accessMigrations,
    ...auditMigrations,
    ...machineMigrations,
  ];
  await migrate(database, migrations, clock);
  const bus = createInProcessBus(silentLogger());
  const inventory = createInventoryStore({ database, clock });
  const events = createEventStream({ database, bus, clock, random });
  const parts = { database, inventory, events, bus, clock, random };
  const { edit } = createInventoryService(parts);
  const http = await createHttpServer<Principal>({
    log: silentLogger(),
    version: "0",
    authenticate: admitTo(testDoor("right")),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  const machines = createMachineService(parts);
  machineRoutes(http, machines, createMachineTokenService({ ...parts, pin: () => "pin" }));
  let woken = 0;
  bus.subscribe("foreman", () => (woken += 1));
  return {
    machines,
    edit: (...edits: readonly Edit[]) => edit(ADMINISTRATOR, edits),
    snapshot: () => inventory.snapshot(ADMINISTRATOR.tenantId),
    woken: () => woken,
    wait: (milliseconds: number) => (ahead += milliseconds),
    events: async () =>
      (await database.kysely.selectFrom("event").select("type").orderBy("id").execute()).map(({ type }) => type),
    async build(name: string) {
      const row = (await inventory.snapshot(ADMINISTRATOR.tenantId)).foundations.get(name)!;
      await database.transaction((tx) =>
        inventory.changeBuild(tx, "foundation", row.id, row.version, { state: "built" }),
      );
    },
    async call(method: "GET" | "POST" | "DELETE", url: string, payload?: object, token = "right"): Promise<Answer> {
      const answer = await http.app.inject({
        method,
        url,
        headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        ...(payload === undefined ? {} : { payload }),
      });
      return { status: answer.statusCode, body: answer.body === "" ? {} : answer.json() };
    },
    async close() {
      await http.close();
      await bus.close();
      await database.close();
    },
  };
}

let bench: Awaited<ReturnType<typeof openBench>>;
let token: string;

beforeEach(async () => {
  bench = await openBench();
  await bench.edit(
    create("site", { name: "hall" }),
    create("site", { name: "rack1", parent: "hall" }),
    create("site", { name: "elsewhere" }),
    create("blueprint", {
      name: "metal",
      builds: "foundation",
      foundationTypes: ["ipmi"],
      interfaces: ["eth0", "eth1"],
      hardware: { memory: "32 GiB", disks: [{ count: 2, kind: "ssd" }] },
    }),
    create("foundation", { name: "srv1", site: "rack1", type: "ipmi", blueprint: "metal", systemUuid: UUID }),
    create("foundation", { name: "srv2", site: "rack1", type: "ipmi", blueprint: "metal" }),
    create("interface", { foundation: "srv2", device: "eth1", linkName: "tor1-0-8", provisioning: true }),
    create("blueprint", { name: "box", builds: "foundation", foundationTypes: ["docker"] }),
    create("foundation", { name: "box1", site: "rack1", type: "docker", blueprint: "box" }),
  );
  const made = await bench.call("POST", "/v1/machine-tokens", { site: "hall", description: "boot image" });
  token = String(made.body["token"]);
});

afterEach(() => bench.close());

function create(kind: Edit["kind"], data: JsonObject): Edit {
  return { action: "create", kind, data };
}

function facts(change: Record<string, unknown> = {}): object {
  return {
    facts: {
      system: { uuid: UUID.toUpperCase(), vendor: "Dell", serial: "7XK" },
      memory: 64 * 2 ** 30,
      disks: [
        { name: "sda", bytes: 480e9, kind: "ssd" },
        { name: "sdb", bytes: 480e9, kind: "ssd" },
      ],
      interfaces: [
        { device: "eno1", mac: "52:54:00:AA:00:01", lldp: { name: "tor1", port: 7 } },
        { device: "eno2", mac: "52:54:00:aa:00:02", lldp: { name: "tor1", port: 8 } },
      ],
      ...change,
    },
  };
}

const register = (change?: Record<string, unknown>, by = token) =>
  bench.call("POST", "/v1/machines", facts(change), by);

describe("a machine that registers", () => {
  it("becomes the foundation it is, whose interfaces then have its addresses", async () => {
    const answer = await register();
    expect(answer).toMatchObject({
      status: 200,
      body: { state: "located", foundation: "srv1", hostname: null, site: "rack1" },
    });
    const { foundations, interfaces } = await bench.snapshot();
    expect(foundations.get("srv1")).toMatchObject({
      systemUuid: UUID,
      machineId: answer.body["id"],
      locatedAt: expect.any(Number),
    });
    expect([...interfaces.values()].filter((one) => one.foundation === "srv1")).toMatchObject([
      { name: "srv1/eth0", mac: "52:54:00:aa:00:01", provisioning: true },
      { name: "srv1/eth1", mac: "52:54:00:aa:00:02", provisioning: false },
    ]);
    expect(bench.woken()).toBeGreaterThan(0);
    expect(await bench.events()).toEqual(expect.arrayContaining(["foundation.located", "machine.registered"]));
    const asked = await bench.call(
      "GET",
      `/v1/machines/${String(answer.body["id"])}/assignment`,
      undefined,
      String(answer.body["secret"]),
    );
    expect(asked.body).toEqual({ state: "located", foundation: "srv1", hostname: null, site: "rack1" });
  });

  it("is found by its switch port, and takes the interface that is at it", async () => {
    const system = { uuid: "4c4c4544-0042-3510-8056-000000000002" };
    expect((await register({ system })).body).toMatchObject({ state: "located", foundation: "srv2" });
    const { foundations, interfaces } = await bench.snapshot();
    expect(foundations.get("srv2")?.systemUuid).toBe(system.uuid);
    expect(interfaces.get("srv2/eth1")?.mac).toBe("52:54:00:aa:00:02");
    expect(interfaces.get("srv2/eth0")).toMatchObject({ mac: "52:54:00:aa:00:01", provisioning: false });
  });

  it("again is the same machine, with other facts and another secret", async () => {
    const first = await register();
    const second = await register({ memory: 128 * 2 ** 30 });
    expect(second.body["id"]).toBe(first.body["id"]);
    const path = `/v1/machines/${String(first.body["id"])}`;
    expect(await bench.call("GET", `${path}/assignment`, undefined, String(first.body["secret"]))).toMatchObject({
      status: 401,
      body: { code: "machine_secret_wrong" },
    });
    expect((await bench.call("GET", path)).body["facts"]).toMatchObject({ memory: 128 * 2 ** 30 });
    expect((await bench.call("GET", "/v1/machines")).body["items"]).toHaveLength(1);
  });

  it("that is not what is asked for is not located, and every requirement is told", async () => {
    const unfit = await register({ disks: [], memory: 2 ** 30 });
    expect(unfit.body).toMatchObject({ state: "waiting", foundation: null });
    const { body } = await bench.call("GET", `/v1/machines/${String(unfit.body["id"])}`);
    expect(body.outcome).toMatchObject({
      state: "unfit",
      foundation: "srv1",
      problems: [
        { message: "memory: wants at least 32 GiB, has 1 GiB" },
        { message: "disks[0]: wants at least 2 with kind ssd, has 0 of 0" },
      ],
    });
    expect((await bench.snapshot()).foundations.get("srv1")?.locatedAt).toBeNull();
    // Mended, it registers again; broken again before anything is built, it is none again.
    expect((await register()).body).toMatchObject({ state: "located" });
    expect((await register({ disks: [] })).body).toMatchObject({ state: "waiting" });
    expect((await bench.snapshot()).foundations.get("srv1")).toMatchObject({ locatedAt: null, machineId: null });
  });

  it("that nobody knows is told the nearest, and located as soon as the inventory says which it is", async () => {
    const unknown = { system: { serial: "new" }, interfaces: [{ device: "eth0", mac: "52:54:00:bb:00:01" }] };
    const { body } = await register(unknown);
    const id = String(body["id"]);
    const ask = () => bench.call("GET", `/v1/machines/${id}/assignment`, undefined, String(body["secret"]));
    expect((await ask()).body).toMatchObject({ state: "waiting" });
    const seen = await bench.call("GET", "/v1/machines?state=unmatched");
    expect(seen.body["items"]).toMatchObject([
      { id, outcome: { nearest: { foundation: expect.stringMatching(/^srv/) } } },
    ]);
    await bench.edit(create("interface", { foundation: "srv1", device: "eth0", mac: "52:54:00:bb:00:01" }));
    expect((await ask()).body).toMatchObject({ state: "located", foundation: "srv1" });
  });

  it("is refused with a token that is wrong, revoked or expired, or with nothing to know it by", async () => {
    for (const wrong of ["", "right", "gantry_machine_wrong"])
      expect(await register({}, wrong)).toMatchObject({ status: 401, body: { code: "machine_token_wrong" } });
    const { body } = await bench.call("POST", "/v1/machine-tokens", { site: "rack1", expiresIn: 60 });
    bench.wait(61_000);
    expect((await register({}, String(body["token"]))).status).toBe(401);
    expect(await register({ system: {}, interfaces: [] })).toMatchObject({
      status: 422,
      body: { code: "machine_faceless" },
    });
    const listed = await bench.call("GET", "/v1/machine-tokens");
    expect(JSON.stringify(listed.body)).not.toContain("gantry_machine_");
    for (const { id } of listed.body["items"] as readonly { id: string }[])
      expect((await bench.call("DELETE", `/v1/machine-tokens/${id}`)).status).toBe(204);
    expect((await register()).status).toBe(401);
    expect((await bench.call("DELETE", "/v1/machine-tokens/x")).body["code"]).toBe("machine_token_unknown");
    expect((await bench.call("POST", "/v1/machine-tokens", { site: "hal" })).status).toBe(404);
  });

  it("can do nothing else with its token or its secret, and becomes nothing at another site", async () => {
    const { body } = await register();
    for (const credential of [token, String(body["secret"])])
      for (const path of ["/v1/machines", `/v1/machines/${String(body["id"])}`, "/v1/machine-tokens"])
        expect((await bench.call("GET", path, undefined, credential)).status).toBe(401);
    const other = await bench.call("POST", "/v1/machine-tokens", { site: "elsewhere" });
    expect((await register({ system: { serial: "far" } }, String(other.body["token"]))).body).toMatchObject({
      state: "waiting",
    });
  });

  it("that says to be what stands at another site is located by nobody, and told nothing of it", async () => {
    await bench.edit(
      create("foundation", { name: "vault1", site: "elsewhere", type: "ipmi", blueprint: "metal", systemUuid: OTHER }),
    );
    const { status, body } = await register({ system: { uuid: OTHER } });
    expect([status, body["state"]]).toEqual([200, "waiting"]);
    const { outcome } = (await bench.call("GET", `/v1/machines/${String(body["id"])}`)).body;
    expect(outcome).toMatchObject({ state: "conflict", foundation: "srv2" });
    expect(outcome?.["reason"]).toContain("which is that of a foundation elsewhere");
    // And the real one is not kept out by it.
    const there = await bench.call("POST", "/v1/machine-tokens", { site: "elsewhere" });
    const real = await register({ system: { uuid: OTHER } }, String(there.body["token"]));
    expect(real.body).toMatchObject({ state: "located", foundation: "vault1" });
  });

  it("is none of a site that has the name of one that is gone", async () => {
    const made = await bench.call("POST", "/v1/machine-tokens", { site: "elsewhere" });
    const before = await register({ system: { serial: "far" } }, String(made.body["token"]));
    await bench.edit({ action: "delete", kind: "site", name: "elsewhere", version: null });
    bench.wait(1000);
    await bench.edit(create("site", { name: "elsewhere" }));
    const after = await register({ system: { serial: "near" } }, String(made.body["token"]));
    expect(after.body["code"]).toBe("machine_token_wrong");
    await bench.edit(
      create("foundation", { name: "srv9", site: "elsewhere", type: "ipmi", blueprint: "metal" }),
      create("interface", { foundation: "srv9", device: "eth0", mac: "52:54:00:aa:00:01" }),
    );
    const { id, secret } = before.body as { readonly id: string; readonly secret: string };
    expect((await bench.call("GET", `/v1/machines/${id}/assignment`, undefined, secret)).body).toMatchObject({
      state: "waiting",
    });
  });

  it("may say very much of itself: pages of such machines are shorter", async () => {
    const pci = Array.from({ length: 2000 }, (_, index) => ({
      address: `${index}`.padStart(63, "0"),
      vendor: "8086",
      device: "1572",
      class: "020000",
    }));
    for (let index = 0; index < 24; index += 1) await register({ system: { serial: `s${index}` }, pci });
    const sizes: number[] = [];
    for (let next: unknown = ""; next !== null;) {
      const query = next === "" ? "" : `&cursor=${String(next)}`;
      const { body } = await bench.call("GET", `/v1/machines?limit=1000${query}`);
      sizes.push((body["items"] as unknown[]).length);
      next = body["next"];
    }
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((all, one) => all + one)).toBe(24);
  });

  it("with bad facts is told what is wrong with them", async () => {
    expect((await register({ disks: [{ name: "sda", bytes: -1 }] })).status).toBe(400);
    expect((await register({ colour: "red" })).status).toBe(400);
    expect((await register({ firmware: { "a\nb": "1" } })).status).toBe(400);
  });
});

describe("by hand", () => {
  it("a machine is said to be a foundation, which then has its uuid", async () => {
    const { body } = await register({
      system: { serial: "new" },
      interfaces: [{ device: "x", mac: "52:54:00:bb:00:01" }],
    });
    const path = `/v1/machines/${String(body["id"])}`;
    const assigned = await bench.call("POST", `${path}/assign`, { foundation: "srv2" });
    expect(assigned.body.outcome).toMatchObject({ state: "located", foundation: "srv2", by: "assignment" });
    expect((await bench.call("POST", `${path}/assign`, { foundation: "srv" })).status).toBe(404);
    expect((await bench.call("POST", `${path}/assign`, { foundation: "box1" })).body["code"]).toBe(
      "foundation_is_made",
    );
    const undone = await bench.call("POST", `${path}/assign`, { foundation: null });
    // Its MAC address was taken back with the assignment.
    expect(undone.body.outcome).toMatchObject({ state: "unmatched" });
    expect((await bench.snapshot()).foundations.get("srv2")?.locatedAt).toBeNull();
  });

  it("a swapped machine takes the place of the other once that is taken back", async () => {
    await register();
    const swapped = await register({
      system: { uuid: "4c4c4544-0042-3510-8056-000000000009" },
      interfaces: [{ device: "eno1", mac: "52:54:00:aa:00:01" }],
    });
    const { body } = await bench.call("GET", `/v1/machines/${String(swapped.body["id"])}`);
    expect(body.outcome).toMatchObject({ state: "conflict", foundation: "srv1" });
    expect(String(body.outcome?.["reason"])).toContain("gantry foundation unlocate srv1");
    expect((await bench.call("POST", "/v1/foundations/srv1/unlocate")).status).toBe(204);
    const assigned = await bench.call("POST", `/v1/machines/${String(swapped.body["id"])}/assign`, {
      foundation: "srv1",
    });
    expect(assigned.body.outcome).toMatchObject({ state: "located", foundation: "srv1" });
    expect((await bench.snapshot()).foundations.get("srv1")).toMatchObject({
      systemUuid: "4c4c4544-0042-3510-8056-000000000009",
      machineId: swapped.body["id"],
    });
  });

  it("a foundation is located without a machine, and not twice", async () => {
    expect((await bench.call("POST", "/v1/foundations/srv2/locate")).status).toBe(204);
    expect((await bench.snapshot()).foundations.get("srv2")).toMatchObject({
      machineId: null,
      locatedAt: expect.any(Number),
    });
    expect((await bench.call("POST", "/v1/foundations/srv2/locate")).body["code"]).toBe("foundation_located");
    expect((await bench.call("POST", "/v1/foundations/box1/locate")).body["code"]).toBe("foundation_is_made");
    expect((await bench.call("POST", "/v1/foundations/srv3/locate")).status).toBe(404);
    await bench.build("srv2");
    expect((await bench.call("POST", "/v1/foundations/srv2/unlocate")).body["code"]).toBe("foundation_in_use");
  });

  it("a machine is forgotten, and its foundation is none until it registers again", async () => {
    const { body } = await register();
    const path = `/v1/machines/${String(body["id"])}`;
    expect((await bench.call("DELETE", path)).status).toBe(204);
    expect((await bench.call("GET", path)).body["code"]).toBe("machine_unknown");
    expect((await bench.snapshot()).foundations.get("srv1")).toMatchObject({ locatedAt: null, machineId: null });
  });
});

describe("who has rights at a site", () => {
  it("meets the machines of it, and no others", async () => {
    const { body } = await register();
    const id = String(body["id"]);
    const { sites } = await bench.snapshot();
    const at = (site: string, role: "viewer" | "designer" = "designer"): Principal =>
      accountWith(role, { kind: "site", id: sites.get(site)!.id });
    const page = { after: "", limit: 10 };
    const met = async (who: Principal) => (await bench.machines.list(who, {}, page)).items.map((one) => one.id);
    expect([await met(at("hall")), await met(at("elsewhere"))]).toEqual([[id], []]);
    const code = (attempt: Promise<unknown>) =>
      attempt.then(
        () => "done",
        (error: GantryError) => error.code,
      );
    expect(await code(bench.machines.get(at("elsewhere"), id))).toBe("machine_unknown");
    expect(await code(bench.machines.forget(at("elsewhere"), id))).toBe("machine_unknown");
    expect(await code(bench.machines.forget(at("hall", "viewer"), id))).toBe("forbidden");
    expect(await code(bench.machines.unlocate(at("elsewhere"), "srv1"))).toBe("not_found");
    expect(await code(bench.machines.assign(at("hall"), id, "srv1"))).toBe("done");
  });
});
