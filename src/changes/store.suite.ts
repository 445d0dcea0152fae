import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  auditMigrations,
  createAudit,
  rightsIn,
  type Audit,
  type Permission,
  type Principal,
} from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createDesignService, createDesignStore, designMigrations, type DesignService } from "../design/index.ts";
import {
  createInventoryService,
  createInventoryStore,
  inventoryMigrations,
  type Edit,
  type InventoryService,
  type InventoryStore,
  type OwnedKind,
} from "../inventory/index.ts";
import { manualClock } from "../kernel/clock.ts";
import { countingRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createChangeRuleService, refuseDirect, type ChangeRuleService } from "./rule-service.ts";
import type { Proposal } from "./content.ts";
import { createChangeSetService, type ChangeSetService } from "./service.ts";
import { changeMigrations } from "./tables.ts";

const { tenantId } = ADMINISTRATOR;

/** Somebody with a role in the tenant, or at a site alone. */
function person(name: string, permissions: readonly Permission[], site?: string): Principal {
  const scope = site === undefined ? { kind: "tenant", tenantId } : { kind: "site", tenantId, id: site };
  const rights = rightsIn([{ permissions, scope } as never], tenantId)!;
  return { kind: "person", name, accountId: `id-${name}`, tenantId, rights, rightsIn: () => rights };
}

const ALL: readonly Permission[] = [
  "inventory.read",
  "change.read",
  "change.propose",
  "change.approve",
  "change.apply",
];
const alice = person("alice", ALL);
const bob = person("bob", ALL);
const carol = person("carol", ALL);
const TEXT = { title: "a change", description: "" };

const DESIGN = (variables: string) => ({
  documents: [{ path: "site.yaml", text: `design: shop\nsites:\n  shop: { kind: lab, variables: ${variables} }\n` }],
  files: {},
});

/** Change sets with the inventory and designs they change, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let store: InventoryStore;
  let inventory: InventoryService;
  let designs: DesignService;
  let changes: ChangeSetService;
  let rules: ChangeRuleService;
  let audit: Audit;

  beforeEach(async () => {
    database = await open([
      ...eventMigrations,
      ...auditMigrations,
      ...inventoryMigrations,
      ...designMigrations,
      ...changeMigrations,
    ]);
    const clock = manualClock(1000);
    const random = countingRandom();
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    audit = createAudit({ database, clock, bus });
    store = createInventoryStore({ database, clock, bus });
    const events = createEventStream({ database, bus, clock, random });
    const parts = { database, inventory: store, events, bus, clock, random, directWrites: refuseDirect };
    inventory = createInventoryService(parts);
    designs = createDesignService({
      ...parts,
      store: createDesignStore({ clock, random }),
      observer: { observe: () => Promise.resolve([]) },
      known: () => ({ catalogue: { modules: {} } as never, foundationTypes: ["local"], attributeProblems: () => [] }),
    });
    changes = createChangeSetService({ ...parts, designs, audit });
    rules = createChangeRuleService({ database, inventory: store, events, audit });
    await inventory.edit(ADMINISTRATOR, [
      create("site", { name: "plant" }),
      create("site", { name: "lab" }),
      create("structure", { name: "web1", site: "plant", variables: { port: 80, host: "a" } }),
      create("structure", { name: "web2", site: "lab" }),
    ]);
  });

  const create = (kind: OwnedKind, data: object): Edit => ({ action: "create", kind, data }) as Edit;
  const merge = (name: string, patch: object): Edit =>
    ({ action: "merge", kind: "structure", name, version: null, patch }) as Edit;
  const remove = (kind: OwnedKind, name: string): Edit => ({ action: "delete", kind, name, version: null });
  const edits = (...list: readonly Edit[]): Proposal => ({ kind: "edits", edits: list, cascade: true });
  const setPort = (port: number): Proposal => edits(merge("web1", { variables: { port } }));
  const portOf = async (): Promise<unknown> =>
    (await store.snapshot(tenantId)).structures.get("web1")?.variables["port"];
  const proposed = async (proposal: Proposal): Promise<number> => (await changes.propose(alice, TEXT, proposal)).number;
  const approved = async (proposal: Proposal): Promise<number> => {
    const number = await proposed(proposal);
    await changes.vote(bob, number, "approve", null);
    return number;
  };

  describe("a change set", () => {
    it("changes nothing until another person has approved it, then all of it", async () => {
      const number = await proposed(
        edits(merge("web1", { variables: { port: 81 } }), create("site", { name: "rack" })),
      );
      expect(number).toBe(1);
      expect(await portOf()).toBe(80);
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_not_approved" });
      await expect(changes.vote(alice, number, "approve", null)).rejects.toMatchObject({ code: "change_set_own" });
      await changes.vote(bob, number, "approve", null);
      expect(await changes.apply(alice, number)).toMatchObject({ state: "applied", endedBy: { name: "alice" } });
      expect(await portOf()).toBe(81);
      expect((await store.snapshot(tenantId)).sites.has("rack")).toBe(true);
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_ended" });
    });

    it("shows what it would change, member by member, and what is said of it", async () => {
      const number = await proposed(setPort(81));
      await changes.comment(bob, number, "why not 8080?");
      const view = await changes.view(carol, number);
      expect(view.changes).toEqual([
        {
          kind: "structure",
          name: "web1",
          action: "change",
          members: [{ path: "variables.port", before: 80, after: 81 }],
        },
      ]);
      expect(view.comments).toMatchObject([{ author: { name: "bob" }, text: "why not 8080?" }]);
      expect(view.lacking).toEqual([{ key: "structure web1", needs: 1, has: 0 }]);
    });

    it("is refused like the edits it holds, and when it would change nothing", async () => {
      await expect(proposed(edits(merge("web3", {})))).rejects.toMatchObject({ code: "not_found" });
      await expect(proposed(setPort(80))).rejects.toMatchObject({ code: "change_set_empty" });
      expect(await changes.list(alice, { state: null, below: null, limit: 10 })).toEqual([]);
    });

    it("is applied by nobody when somebody rejected it, until that is taken back", async () => {
      const number = await approved(setPort(81));
      await changes.vote(carol, number, "reject", null);
      await expect(changes.apply(alice, number)).rejects.toThrow("rejected by carol");
      await changes.vote(carol, number, "approve", null);
      await changes.apply(alice, number);
      expect(await portOf()).toBe(81);
    });

    it("loses its approvals with other content, which only its author gives it", async () => {
      const number = await approved(setPort(81));
      const { digest } = (await changes.view(bob, number)).changeSet;
      await expect(changes.amend(bob, number, {}, setPort(82))).rejects.toMatchObject({ code: "change_set_not_yours" });
      await changes.amend(alice, number, { title: "another" }, setPort(83));
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_not_approved" });
      await expect(changes.vote(bob, number, "approve", digest)).rejects.toMatchObject({ code: "change_set_changed" });
    });

    it("that was closed is not applied any more", async () => {
      const number = await approved(setPort(81));
      expect(await changes.close(alice, number)).toMatchObject({ state: "closed" });
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_ended" });
      expect(await portOf()).toBe(80);
    });

    it("of two that are applied at once over the same thing, one is made", async () => {
      const numbers = [await approved(setPort(81)), await approved(setPort(82))];
      const done = await Promise.allSettled(numbers.map((number) => changes.apply(alice, number)));
      expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect([81, 82]).toContain(await portOf());
    });
  });

  describe("when the truth has moved", () => {
    it("beside it, it is brought up to date and keeps its approvals", async () => {
      const number = await approved(setPort(81));
      await inventory.edit(ADMINISTRATOR, [merge("web1", { variables: { host: "b" } })]);
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_outdated" });
      expect(await changes.view(alice, number)).toMatchObject({ moved: true, conflicts: [] });
      await changes.rebase(alice, number);
      await changes.apply(alice, number);
      const { variables } = (await store.snapshot(tenantId)).structures.get("web1")!;
      expect(variables).toEqual({ port: 81, host: "b" });
    });

    it("in the same member, the conflict is named and nothing is written", async () => {
      const number = await approved(setPort(81));
      await inventory.edit(ADMINISTRATOR, [merge("web1", { variables: { port: 99 } })]);
      const conflict = { kind: "structure", name: "web1", path: "variables.port", before: 80, proposed: 81, now: 99 };
      expect((await changes.view(alice, number)).conflicts).toEqual([conflict]);
      for (const action of ["rebase", "apply"] as const)
        await expect(changes[action](alice, number)).rejects.toMatchObject({
          code: "change_set_conflict",
          details: { conflicts: [conflict] },
          message: expect.stringContaining("structure web1: variables.port"),
        });
      expect(await portOf()).toBe(99);
    });

    it("so that more would go along, it is refused", async () => {
      const number = await approved(edits(remove("site", "lab")));
      await inventory.edit(ADMINISTRATOR, [create("structure", { name: "web9", site: "lab" })]);
      await expect(changes.apply(alice, number)).rejects.toThrow("would now change more: structure web9");
      expect((await store.snapshot(tenantId)).structures.has("web2")).toBe(true);
    });
  });

  describe("one that takes another back", () => {
    it("brings back what was changed, made and deleted", async () => {
      const before = await store.snapshot(tenantId);
      const number = await approved(
        edits(merge("web1", { variables: { port: 81 } }), create("site", { name: "rack" }), remove("site", "lab")),
      );
      await changes.apply(alice, number);
      expect((await store.snapshot(tenantId)).structures.has("web2")).toBe(false);
      const back = await changes.revert(alice, number);
      expect(back).toMatchObject({ number: number + 1, reverts: number, title: "Take back: a change" });
      await changes.vote(bob, back.number, "approve", null);
      await changes.apply(alice, back.number);
      const after = await store.snapshot(tenantId);
      expect([...after.sites.keys()].sort()).toEqual([...before.sites.keys()].sort());
      expect(after.structures.get("web1")?.variables).toEqual(before.structures.get("web1")?.variables);
      expect(after.structures.get("web2")?.site).toBe("lab");
    });

    it("is refused for what was not applied, and names what has changed since", async () => {
      const number = await approved(setPort(81));
      await expect(changes.revert(alice, number)).rejects.toMatchObject({ code: "change_set_not_applied" });
      await changes.apply(alice, number);
      await inventory.edit(ADMINISTRATOR, [merge("web1", { variables: { port: 99 } })]);
      await expect(changes.revert(alice, number)).rejects.toMatchObject({ code: "change_set_conflict" });
    });
  });

  describe("rules", () => {
    it("of a site hold below sites that are proposed with what stands there", async () => {
      await rules.put(ADMINISTRATOR, { site: "plant", approvals: 2, direct: true });
      const number = await approved(
        edits(create("site", { name: "rack", parent: "plant" }), create("structure", { name: "w", site: "rack" })),
      );
      const { lacking } = await changes.view(alice, number);
      expect(lacking.map(({ key }) => key)).toEqual(["site rack", "structure w"]);
    });

    it("of a site ask for more approvals there than elsewhere", async () => {
      await rules.put(ADMINISTRATOR, { site: "plant", approvals: 2, direct: true });
      const here = await approved(setPort(81));
      await expect(changes.apply(alice, here)).rejects.toThrow("1 of 2 approvals for structure web1");
      await changes.vote(carol, here, "approve", null);
      await changes.apply(alice, here);
      await changes.apply(alice, await approved(edits(merge("web2", { role: "db" }))));
    });

    it("that allow no direct change refuse edits and designs that touch the site, and let change sets pass", async () => {
      await rules.put(ADMINISTRATOR, { site: "plant", approvals: 1, direct: false });
      for (const edit of [merge("web1", { role: "db" }), merge("web2", { site: "plant" }), remove("structure", "web1")])
        await expect(inventory.edit(ADMINISTRATOR, [edit])).rejects.toMatchObject({ code: "change_set_needed" });
      await inventory.edit(ADMINISTRATOR, [merge("web2", { role: "db" })]);
      await changes.apply(alice, await approved(setPort(81)));
      expect(await portOf()).toBe(81);
      await rules.remove(ADMINISTRATOR, "plant");
      await inventory.edit(ADMINISTRATOR, [merge("web1", { role: "db" })]);
      expect(await rules.list(alice)).toEqual([]);
    });

    it("are set by those who manage access, for sites that are there", async () => {
      await expect(rules.put(alice, { site: null, approvals: 0, direct: true })).rejects.toMatchObject({
        code: "forbidden",
      });
      await expect(rules.put(ADMINISTRATOR, { site: "labb", approvals: 0, direct: true })).rejects.toThrow("'lab'");
      await expect(rules.remove(ADMINISTRATOR, "lab")).rejects.toMatchObject({ code: "change_rule_unknown" });
    });
  });

  describe("rights at a site alone", () => {
    let plant: Principal;
    beforeEach(async () => {
      plant = person("paul", ALL, (await store.snapshot(tenantId)).sites.get("plant")!.id);
    });

    it("let one propose there, also below sites that are proposed with it, and not elsewhere", async () => {
      await changes.propose(plant, TEXT, setPort(81));
      const below = [
        create("site", { name: "rack", parent: "plant" }),
        create("structure", { name: "w", site: "rack" }),
      ];
      await changes.propose(plant, TEXT, edits(...below));
      const moved = changes.propose(plant, TEXT, edits(merge("web1", { site: "lab" })));
      await expect(moved).rejects.toMatchObject({ code: "reference_unknown" });
      const hidden = changes.propose(plant, TEXT, edits(merge("web2", { role: "x" })));
      await expect(hidden).rejects.toMatchObject({ code: "not_found" });
    });

    it("count as an approval for what is there alone, and show no more", async () => {
      const number = await proposed(
        edits(merge("web1", { variables: { port: 81 } }), merge("web2", { role: "somewhere else" })),
      );
      expect((await changes.vote(plant, number, "approve", null)).covers).toEqual(["structure web1"]);
      const view = await changes.view(plant, number);
      expect(view.hidden).toBe(1);
      expect(JSON.stringify(view)).not.toContain("somewhere else");
      await expect(changes.apply(alice, number)).rejects.toThrow("0 of 1 approvals for structure web2");
      const elsewhere = await proposed(edits(merge("web2", { role: "x" })));
      await expect(changes.view(plant, elsewhere)).rejects.toMatchObject({ code: "change_set_unknown" });
      expect((await changes.list(plant, { state: null, below: null, limit: 10 })).map(Number.isInteger)).toEqual([
        true,
        false,
      ]);
    });
  });

  describe("of a design", () => {
    it("is applied as it was approved, and taken back to what it was before", async () => {
      const plan = await designs.plan(ADMINISTRATOR, DESIGN("{ a: 1 }"));
      await designs.apply(ADMINISTRATOR, DESIGN("{ a: 1 }"), plan.fingerprint);
      const number = await approved({ kind: "design", documents: DESIGN("{ a: 2 }") });
      expect((await changes.view(bob, number)).plan).toContain("shop");
      await changes.apply(alice, number);
      const valueOf = async (): Promise<unknown> => (await store.snapshot(tenantId)).sites.get("shop")?.variables["a"];
      expect(await valueOf()).toBe(2);
      const back = await changes.revert(alice, number);
      await changes.vote(bob, back.number, "approve", null);
      await changes.apply(alice, back.number);
      expect(await valueOf()).toBe(1);
    });

    it("is refused when its plan is another one by now, until it was looked at again", async () => {
      const number = await approved({ kind: "design", documents: DESIGN("{ a: 1 }") });
      const plan = await designs.plan(ADMINISTRATOR, DESIGN("{ a: 5 }"));
      await designs.apply(ADMINISTRATOR, DESIGN("{ a: 5 }"), plan.fingerprint);
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_outdated" });
      await changes.rebase(alice, number);
      await expect(changes.apply(alice, number)).rejects.toMatchObject({ code: "change_set_not_approved" });
      await changes.vote(bob, number, "approve", null);
      await changes.apply(alice, number);
    });

    it("is not applied without one where a rule asks for it", async () => {
      await rules.put(ADMINISTRATOR, { site: null, approvals: 1, direct: false });
      const plan = await designs.plan(ADMINISTRATOR, DESIGN("{ a: 1 }"));
      await expect(designs.apply(ADMINISTRATOR, DESIGN("{ a: 1 }"), plan.fingerprint)).rejects.toMatchObject({
        code: "change_set_needed",
      });
      await changes.apply(alice, await approved({ kind: "design", documents: DESIGN("{ a: 1 }") }));
      const number = await approved({ kind: "destroy", design: "shop" });
      await changes.apply(alice, number);
      expect((await store.snapshot(tenantId)).sites.has("shop")).toBe(false);
    });
  });

  describe("what nobody does by one who may not do it otherwise", () => {
    it("a tenant is not given another name", async () => {
      const { tenant } = await store.snapshot(tenantId);
      const renaming = (patch: JsonObject): Proposal =>
        edits({ action: "merge", kind: "tenant", name: tenant.name, version: null, patch });
      const refused = changes.propose(alice, TEXT, renaming({ name: "x" }));
      await expect(refused).rejects.toMatchObject({ code: "member_read_only" });
      const number = await approved(renaming({ description: "ours" }));
      expect((await changes.apply(carol, number)).state).toBe("applied");
    });

    it("rights in a group do not grow by groups that it includes", async () => {
      const groups = ["web", "db"].map((name) => create("group", { name }));
      await inventory.edit(ADMINISTRATOR, groups);
      const { id } = await inventory.get(ADMINISTRATOR, "group", "web");
      const rights = rightsIn([{ permissions: ALL, scope: { kind: "group", tenantId, id } }], tenantId)!;
      const dave: Principal = { ...person("dave", ALL), rights, rightsIn: () => rights };
      const include: Edit = { action: "merge", kind: "group", name: "web", version: null, patch: { includes: ["db"] } };
      await expect(changes.propose(dave, TEXT, edits(include))).rejects.toMatchObject({ code: "reference_unknown" });
      const number = await approved(edits(include));
      await expect(changes.apply(dave, number)).rejects.toMatchObject({ code: "reference_unknown" });
      expect((await changes.apply(carol, number)).state).toBe("applied");
    });
  });

  it("leaves what was done, and by whom, in the audit", async () => {
    const number = await approved(setPort(81));
    await changes.apply(carol, number);
    const { seq } = await audit.head(tenantId);
    const entries = await audit.entriesOf(database.kysely, tenantId, { from: 1, to: seq });
    const told = entries.filter(({ subject }) => subject.kind === "change_set");
    expect(told.map(({ action, actor }) => `${action} ${actor.name}`)).toEqual([
      "change.proposed alice",
      "change.approved bob",
      "change.applied carol",
    ]);
  });
}
