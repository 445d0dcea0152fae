import { beforeEach, describe, expect, it } from "vitest";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { auditMigrations } from "./audit-tables.ts";
import type { BindingDraft } from "./binding-service.ts";
import type { AccountHolder } from "./door.ts";
import { administratorPrincipal, DEFAULT_TENANT, type Principal } from "./model.ts";
import type { Permission } from "./permissions.ts";
import { accessMigrations } from "./tables.ts";
import { accessWorld, OTHER, type AccessWorld } from "./testing/world.ts";

const administrator = administratorPrincipal("token");

/** Accounts, tokens, roles and bindings, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let world: AccessWorld;
  beforeEach(async () => {
    database = await open([...auditMigrations, ...accessMigrations]);
    world = accessWorld(database);
  });

  function make(name: string, kind: "person" | "service" = "service", by: Principal = administrator) {
    return world.access.accounts.create(by, { kind, name, displayName: "", email: null });
  }
  function bind(account: string, role: string, scope: BindingDraft["scope"] = { kind: "tenant" }, by = administrator) {
    return world.access.bindings.create(by, { account, role, scope });
  }
  async function tokenOf(account: string, permissions?: readonly Permission[], expiresIn = 3600): Promise<string> {
    const name = `t${Math.random()}`;
    return (await world.access.tokens.create(administrator, account, { name, permissions, expiresIn })).token;
  }
  /** An account with a role, as it comes with a token. */
  async function someone(
    name: string,
    role: string,
    scope?: BindingDraft["scope"],
    permissions?: readonly Permission[],
  ) {
    await make(name);
    await bind(name, role, scope);
    const token = await tokenOf(name, permissions);
    return { token, principal: (await world.comes(token))! };
  }

  describe("a token", () => {
    it("opens what its account's roles hold, until it is revoked", async () => {
      const { token, principal } = await someone("robot", "viewer");
      expect(principal).toMatchObject({ kind: "service", name: "robot", tenantId: DEFAULT_TENANT.id });
      expect(principal.rights.everywhere("inventory.read")).toBe(true);
      expect(principal.rights.everywhere("inventory.write")).toBe(false);
      expect(principal.rightsIn(OTHER.id)).toBeUndefined();
      const [kept] = await world.access.tokens.list(administrator, "robot");
      await world.access.tokens.revoke(administrator, "robot", kept!.id);
      expect(await world.comes(token)).toBeUndefined();
    });

    it("lets what it started go on when it ends, within what it allowed, and not when it is revoked", async () => {
      const { principal } = await someone("robot", "operator", undefined, ["run.start"]);
      const [kept] = await world.access.tokens.list(administrator, "robot");
      const started = { accountId: principal.accountId!, tokenId: kept!.id };
      const starter = () => world.access.holders.starter(started);
      world.clock.advance(400 * 24 * 60 * 60 * 1000);
      const holder = (await starter()) as AccountHolder;
      const rights = holder.rightsIn(DEFAULT_TENANT.id)!;
      expect([rights.everywhere("run.start"), rights.everywhere("job.control")]).toEqual([true, false]);
      await world.access.tokens.revoke(administrator, "robot", kept!.id);
      expect(await starter()).toBe("token");
      expect(await world.access.holders.starter({ ...started, tokenId: null })).toMatchObject({ name: "robot" });
      await world.access.accounts.change(administrator, "robot", null, { disabled: true });
      expect(await world.access.holders.starter({ ...started, tokenId: null })).toBe("account");
    });

    it("is remembered for what it started: neither its end nor its account's time off makes it allow more", async () => {
      const { principal } = await someone("robot", "operator", undefined, ["run.start"]);
      const started = { accountId: principal.accountId!, tokenId: principal.tokenId! };
      const mayControl = async (): Promise<boolean> => {
        const holder = (await world.access.holders.starter(started)) as AccountHolder;
        return holder.rightsIn(DEFAULT_TENANT.id)!.everywhere("job.control");
      };
      world.clock.advance(400 * 24 * 60 * 60 * 1000);
      // Tokens that ended long ago are forgotten when one is made.
      await tokenOf("robot");
      expect(await mayControl()).toBe(false);
      await world.access.accounts.change(administrator, "robot", null, { disabled: true });
      await world.access.accounts.change(administrator, "robot", null, { disabled: false });
      expect(await world.access.holders.starter(started)).toBe("token");
    });

    it("gets a role that is bound, and loses one that is taken away, at once", async () => {
      const { token } = await someone("robot", "viewer");
      const { id } = await bind("robot", "operator");
      expect((await world.comes(token))!.rights.everywhere("job.control")).toBe(true);
      await world.access.bindings.remove(administrator, id);
      expect((await world.comes(token))!.rights.everywhere("job.control")).toBe(false);
    });

    it("ends with its time, and with its account", async () => {
      const { token } = await someone("robot", "viewer");
      world.clock.advance(3600 * 1000 - 1);
      expect(await world.comes(token)).toBeDefined();
      world.clock.advance(1);
      expect(await world.comes(token)).toBeUndefined();

      const second = await someone("second", "viewer");
      await world.access.accounts.change(administrator, "second", null, { disabled: true });
      expect(await world.comes(second.token)).toBeUndefined();
      // Who is let in again needs a new one.
      await world.access.accounts.change(administrator, "second", null, { disabled: false });
      expect(await world.comes(second.token)).toBeUndefined();

      const third = await someone("third", "viewer");
      await world.access.accounts.remove(administrator, "third", null);
      expect(await world.comes(third.token)).toBeUndefined();
      expect((await world.access.bindings.list(administrator, { after: "", limit: 100 })).items).toHaveLength(2);
    });

    it("is kept as what recognises it: the database never sees it", async () => {
      const { token } = await someone("robot", "viewer");
      const rows = await database.kysely.selectFrom("account_token").selectAll().execute();
      expect(JSON.stringify(rows)).not.toContain(token.slice("gantry_account_".length));
      expect(rows[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
    });

    it("tells when it was used last, to the minute", async () => {
      const { token } = await someone("robot", "viewer");
      const used = async () => (await world.access.tokens.list(administrator, "robot"))[0]!.lastUsedAt;
      const first = world.clock.now();
      world.clock.advance(30_000);
      await world.comes(token);
      await world.access.holders.settled();
      expect(await used()).toBe(first);
      world.clock.advance(30_000);
      await world.comes(token);
      await world.access.holders.settled();
      expect(await used()).toBe(first + 60_000);
    });

    it("that allows some things alone takes away itself and its like, and no token that allows more", async () => {
      const { principal } = await someone("robot", "admin", undefined, ["inventory.read"]);
      const { tokens } = world.access;
      for (const [name, more] of [
        ["all", {}],
        ["other", { permissions: ["job.read"] as const }],
      ] as const) {
        await tokens.create(administrator, "robot", { name, ...more });
        const refused = tokens.revoke(principal, undefined, name);
        await expect(refused).rejects.toMatchObject({ code: "rights_exceeded" });
      }
      await tokens.create(principal, undefined, { name: "same" });
      await tokens.revoke(principal, undefined, "same");
      await tokens.revoke(principal, undefined, principal.tokenId!);
      for (const name of ["all", "other"]) await tokens.revoke(administrator, "robot", name);
    });

    it("allows no more than it was made for", async () => {
      const { principal } = await someone("robot", "admin", undefined, ["inventory.read", "access.manage"]);
      expect(principal.rights.everywhere("inventory.read")).toBe(true);
      expect(principal.rights.everywhere("inventory.write")).toBe(false);
    });
  });

  describe("a second server on the same database", () => {
    it("knows a change at most a second later", async () => {
      const { token } = await someone("robot", "viewer");
      const second = accessWorld(database, world.clock);
      expect(await second.comes(token)).toBeDefined();
      await world.access.accounts.change(administrator, "robot", null, { disabled: true });
      expect(await world.comes(token)).toBeUndefined();
      world.clock.advance(1000);
      expect(await second.comes(token)).toBeUndefined();
    });
  });

  describe("what is given", () => {
    it("is no more than the giver holds: not in a role, a scope, a ceiling or a time", async () => {
      await world.access.roles.create(administrator, {
        name: "giver",
        description: "",
        permissions: ["access.manage", "access.read", "inventory.read"],
      });
      const { principal } = await someone("giver", "giver");
      await make("friend");
      const refused = { code: "rights_exceeded" };
      await expect(bind("friend", "operator", { kind: "tenant" }, principal)).rejects.toMatchObject(refused);
      await expect(bind("friend", "viewer", { kind: "site", name: "dc" }, principal)).rejects.toMatchObject(refused);
      await expect(bind("friend", "giver", { kind: "server" }, principal)).rejects.toMatchObject({ code: "forbidden" });
      const role = { name: "more", description: "", permissions: ["inventory.write"] as const };
      await expect(world.access.roles.create(principal, role)).rejects.toMatchObject(refused);
      const { version } = await world.access.roles.get(administrator, "giver");
      await expect(
        world.access.roles.replace(principal, "giver", version, { ...role, name: "giver" }),
      ).rejects.toMatchObject(refused);
      await expect(bind("friend", "giver", { kind: "tenant" }, principal)).resolves.toMatchObject({ role: "giver" });

      const more = { name: "more", permissions: ["job.control"] as const };
      await expect(world.access.tokens.create(principal, undefined, more)).rejects.toMatchObject(refused);
      await expect(
        world.access.tokens.create(principal, undefined, { name: "longer", expiresIn: 7200 }),
      ).rejects.toMatchObject(refused);
      // Without a time it lasts as long as the one it was made with.
      const [own] = await world.access.tokens.list(principal, undefined);
      expect(await world.access.tokens.create(principal, undefined, { name: "same" })).toMatchObject({
        expiresAt: own!.expiresAt,
      });
      // Of an account that can more than he can, he makes no token either.
      await make("strong");
      await bind("strong", "admin");
      await expect(world.access.tokens.create(principal, "strong", { name: "x" })).rejects.toMatchObject(refused);
    });

    it("stays within the site of who gives", async () => {
      const { principal } = await someone("keeper", "admin", { kind: "site", name: "dc" });
      await make("friend");
      await expect(bind("friend", "operator", { kind: "site", name: "dc-room" }, principal)).resolves.toMatchObject({
        scope: { kind: "site", name: "dc-room" },
      });
      for (const scope of [{ kind: "tenant" }, { kind: "server" }] as const)
        await expect(bind("friend", "operator", scope, principal)).rejects.toMatchObject({ code: "forbidden" });
      // Sites and groups he does not see are not there, in the same words as those that are not.
      for (const scope of [
        { kind: "site", name: "lab" },
        { kind: "site", name: "nowhere" },
        { kind: "group", name: "web" },
      ] as const)
        await expect(bind("friend", "operator", scope, principal)).rejects.toMatchObject({
          code: "scope_unknown",
          message: `there is no ${scope.kind} '${scope.name}'`,
        });
      const { items } = await world.access.bindings.list(principal, { after: "", limit: 10 });
      expect(items.map(({ scope }) => scope.name)).toEqual(["dc", "dc-room"]);
    });

    it("is people only by who manages the server", async () => {
      const { principal } = await someone("tenant-admin", "admin");
      await expect(make("alice", "person", principal)).rejects.toMatchObject({ code: "forbidden" });
      await make("alice", "person");
      // Who has no role here is not seen here, but may be given one.
      expect(await world.access.accounts.list(principal, { after: "", limit: 10 })).toHaveLength(1);
      await expect(world.access.accounts.get(principal, "alice")).rejects.toMatchObject({ code: "account_unknown" });
      await bind("alice", "viewer", { kind: "tenant" }, principal);
      expect(await world.access.accounts.get(principal, "alice")).toMatchObject({ kind: "person" });
      await expect(world.access.accounts.change(principal, "alice", null, { disabled: true })).rejects.toMatchObject({
        code: "forbidden",
      });
    });
  });

  describe("names", () => {
    it("are one for each account that a tenant can see", async () => {
      const other = administratorPrincipal("token", OTHER.id);
      await make("robot");
      await expect(make("robot")).rejects.toMatchObject({ code: "account_name_taken" });
      await make("robot", "service", other);
      await expect(make("robot", "person")).rejects.toMatchObject({ code: "account_name_taken" });
      await make("alice", "person");
      await expect(make("alice", "service", other)).rejects.toMatchObject({ code: "account_name_taken" });
      await expect(make("two words")).rejects.toMatchObject({ code: "account_invalid" });
    });
  });

  describe("a role", () => {
    const builder = { name: "builder", description: "builds", permissions: ["inventory.write"] as const };

    it("changes for everybody it is bound to, against the version that was read", async () => {
      const made = await world.access.roles.create(administrator, builder);
      const { token } = await someone("robot", "builder");
      const after = { ...builder, permissions: ["inventory.read"] as const };
      await expect(world.access.roles.replace(administrator, "builder", 7, after)).rejects.toMatchObject({
        code: "version_mismatch",
      });
      await world.access.roles.replace(administrator, "builder", made.version, after);
      const { rights } = (await world.comes(token))!;
      expect([rights.everywhere("inventory.read"), rights.everywhere("inventory.write")]).toEqual([true, false]);
      await expect(world.access.roles.remove(administrator, "builder", null)).rejects.toMatchObject({
        code: "role_in_use",
      });
    });

    it("that is built in stays, and none of the whole server's permissions is a tenant's", async () => {
      await expect(world.access.roles.remove(administrator, "viewer", null)).rejects.toMatchObject({
        code: "role_invalid",
      });
      const draft = { ...builder, permissions: ["server.manage"] as const };
      await expect(world.access.roles.create(administrator, draft)).rejects.toMatchObject({ code: "role_invalid" });
      const names = (await world.access.roles.list(administrator)).map(({ name }) => name);
      expect(names).toEqual(["admin", "designer", "operator", "viewer"]);
    });

    it("of one tenant is none of another", async () => {
      await world.access.roles.create(administratorPrincipal("token", OTHER.id), builder);
      await make("robot");
      await expect(bind("robot", "builder")).rejects.toMatchObject({ code: "role_unknown" });
    });
  });

  it("is audited, by whoever did it, in the chain of the tenant or of the server", async () => {
    const { principal } = await someone("keeper", "admin");
    await make("alice", "person");
    await bind("alice", "viewer", { kind: "tenant" }, principal);
    const rows = await database.kysely
      .selectFrom("audit_entries")
      .selectAll()
      .orderBy("chain")
      .orderBy("seq")
      .execute();
    const told = rows.map((row) => `${row.chain === DEFAULT_TENANT.id ? "tenant" : row.chain}: ${row.action}`);
    expect(told).toEqual([
      "tenant: account.created",
      "tenant: role.bound",
      "tenant: token.created",
      "tenant: role.bound",
      "server: account.created",
    ]);
    expect(rows[3]).toMatchObject({ actor_name: "keeper", actor_kind: "service" });
    expect(JSON.stringify(rows)).not.toContain("gantry_account_");
  });

  it("forgets a tenant that goes, and nothing else", async () => {
    const { token } = await someone("robot", "viewer");
    const other = administratorPrincipal("token", OTHER.id);
    await make("theirs", "service", other);
    await database.transaction((tx) => world.access.tenantRemoved(tx, OTHER.id));
    expect(await world.access.accounts.list(other, { after: "", limit: 10 })).toEqual([]);
    expect(await world.comes(token)).toBeDefined();
  });
}
