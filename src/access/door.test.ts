import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import { compiled } from "./compiled.ts";
import type { Account } from "./account-model.ts";
import { createDoor, type AccountTokens, type Knock } from "./door.ts";
import { TENANT_NEEDED } from "./errors.ts";
import { DEFAULT_TENANT } from "./model.ts";
import { BUILT_IN_ROLES, type Permission } from "./permissions.ts";
import type { Grant, Scope } from "./policy.ts";
import { hashToken } from "./token.ts";

const TENANTS = [DEFAULT_TENANT, { id: "blue-id", name: "blue" }, { id: "red-id", name: "red" }];
const TOKEN = `gantry_account_${"T".repeat(43)}`;
const ACCOUNT: Account = {
  id: "account-id",
  kind: "service",
  name: "robot",
  displayName: "",
  email: null,
  tenantId: "blue-id",
  source: "local",
  externalId: null,
  directoryGroups: [],
  disabledAt: null,
  version: 1,
  createdAt: 0,
  updatedAt: 0,
};

function viewer(scope: Scope): Grant {
  return { permissions: BUILT_IN_ROLES.viewer, scope };
}

function inTenant(tenantId: string): Scope {
  return { kind: "tenant", tenantId };
}

interface Limits {
  readonly permissions?: readonly Permission[];
  readonly tenantId?: string;
}

function doorFor(grants: readonly Grant[], { permissions = [], tenantId }: Limits = {}, accounts?: AccountTokens) {
  const limits = {
    id: "token-id",
    permissions: permissions.length === 0 ? null : permissions,
    tenantId: tenantId ?? null,
  };
  const holder = compiled(ACCOUNT, limits, grants);
  const unknown = (name: string): GantryError => new GantryError(TENANT_NEEDED, `there is no tenant '${name}'`);
  return createDoor({
    administrator: hashToken("gantry_administrator"),
    structures: { holder: async () => undefined },
    accounts: accounts ?? { holder: () => holder },
    tenants: {
      async find(idOrName) {
        const found = TENANTS.find(({ id, name }) => id === idOrName || name === idOrName);
        if (found === undefined) throw unknown(idOrName);
        return found;
      },
      unknown,
    },
  });
}

function knock(more: Partial<Knock> = {}): Knock {
  const requirement = { permission: "inventory.read", reach: "tenant" } as const;
  return { authorization: `Bearer ${TOKEN}`, throughSocket: false, requirement, ...more };
}

describe("the tenant that is meant", () => {
  it("is the one that is named, the default one, or the only one somebody has rights in", async () => {
    const both = doorFor([viewer(inTenant(DEFAULT_TENANT.id)), viewer(inTenant("blue-id"))]);
    expect((await both.admit(knock())).tenantId).toBe(DEFAULT_TENANT.id);
    expect((await both.admit(knock({ tenant: "blue" }))).tenantId).toBe("blue-id");
    expect((await both.admit(knock({ tenant: "blue-id" }))).tenantId).toBe("blue-id");
    expect((await doorFor([viewer(inTenant("blue-id"))]).admit(knock())).tenantId).toBe("blue-id");
  });

  it("must be named by who has rights in several, but for what is about themselves", async () => {
    const several = doorFor([viewer(inTenant("red-id")), viewer(inTenant("blue-id"))]);
    await expect(several.admit(knock())).rejects.toMatchObject({ code: "tenant_needed" });
    const self = { permission: "self", reach: "tenant" } as const;
    await expect(several.admit(knock({ requirement: self }))).resolves.toMatchObject({ name: "robot" });
  });

  it("is not there for who has no right in it, in the same words as one that is not", async () => {
    const door = doorFor([viewer(inTenant("blue-id"))]);
    const messages: string[] = [];
    for (const tenant of ["red", "none"]) {
      const error = await Promise.resolve(door.admit(knock({ tenant }))).catch((thrown: unknown) => thrown);
      messages.push((error as Error).message.replace(tenant, "NAME"));
    }
    expect(messages).toEqual(["there is no tenant 'NAME'", "there is no tenant 'NAME'"]);
  });
});

describe("what is asked", () => {
  it("must be held in the whole tenant, or somewhere where that is enough", async () => {
    const site = doorFor([viewer({ kind: "site", tenantId: DEFAULT_TENANT.id, id: "s" })]);
    await expect(site.admit(knock())).rejects.toMatchObject({ code: "forbidden" });
    const place = { permission: "inventory.read", reach: "place" } as const;
    await expect(site.admit(knock({ requirement: place }))).resolves.toMatchObject({ name: "robot" });
  });

  it("must be within what the token allows, and in the tenant it opens", async () => {
    const all = [viewer({ kind: "server" })];
    const limited = doorFor(all, { permissions: ["job.read"] });
    await expect(limited.admit(knock())).rejects.toMatchObject({ code: "forbidden" });
    const blue = doorFor([{ permissions: BUILT_IN_ROLES.admin, scope: { kind: "server" } }], { tenantId: "blue-id" });
    await expect(blue.admit(knock({ tenant: "red" }))).rejects.toMatchObject({ message: "there is no tenant 'red'" });
    const principal = await blue.admit(knock({ tenant: "blue" }));
    // What is of the whole server is of no tenant alone.
    expect([principal.rights.everywhere("access.manage"), principal.rights.everywhere("server.manage")]).toEqual([
      true,
      false,
    ]);
  });
});

describe("a token", () => {
  it("is looked up by its SHA-256 alone: how long that takes says nothing of the token", async () => {
    const asked: unknown[] = [];
    const door = doorFor(
      [],
      {},
      {
        holder(hash) {
          asked.push(hash);
          return undefined;
        },
      },
    );
    await expect(door.admit(knock())).rejects.toMatchObject({ code: "unauthenticated" });
    expect(asked).toEqual([{ sha256: createHash("sha256").update(TOKEN).digest() }]);
  });

  it("of no known form is compared with the administrator's, hash by hash, and looked up nowhere", async () => {
    const door = doorFor(
      [],
      {},
      {
        holder() {
          throw new Error("asked");
        },
      },
    );
    for (const token of ["gantry_administrato", "gantry_administratorr", "x", `gantry_account_${"T".repeat(42)}`])
      expect(() => door.admit(knock({ authorization: `Bearer ${token}` }))).toThrow(
        expect.objectContaining({ code: "unauthenticated" }),
      );
    expect(await door.admit(knock({ authorization: "Bearer gantry_administrator" }))).toMatchObject({
      kind: "administrator",
    });
  });
});
