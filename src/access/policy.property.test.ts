import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beyond } from "./giving.ts";
import { isServerWide, PERMISSIONS, type Permission } from "./permissions.ts";
import { rightsIn, type Grant, type Place, type Rights, type Scope } from "./policy.ts";

// Sites and groups are numbered so that the one below has the higher number; `above[n]` is what n lies in.

const TENANTS = ["t1", "t2"] as const;
const MOST = 6;

const permission = fc.constantFrom(...PERMISSIONS);
const tree = fc.tuple(
  ...Array.from({ length: MOST }, (_, index) => (index === 0 ? fc.constant(null) : fc.nat(index - 1))),
);

function chainOf(above: readonly (number | null)[], one: number): readonly string[] {
  const chain: string[] = [];
  for (let at: number | null = one; at !== null; at = above[at] ?? null) chain.push(`id${at}`);
  return chain;
}

const tenantId = fc.constantFrom(...TENANTS);
const id = fc.nat(MOST - 1).map((at) => `id${at}`);
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant({ kind: "server" } as const),
  fc.record({ kind: fc.constant("tenant" as const), tenantId }),
  fc.record({ kind: fc.constantFrom("site" as const, "group" as const), tenantId, id }),
  fc.record({ kind: fc.constant("project" as const), tenantId, name: fc.constantFrom("p", "q") }),
);
const grant: fc.Arbitrary<Grant> = fc.record({
  permissions: fc.uniqueArray(permission, { maxLength: 6 }),
  scope,
});
const grants = fc.array(grant, { maxLength: 6 });
const ceiling = fc.uniqueArray(permission).map((list) => new Set(list));

interface World {
  readonly sites: readonly (number | null)[];
  readonly groups: readonly (number | null)[];
}
const world: fc.Arbitrary<World> = fc.record({ sites: tree, groups: tree });

/** Every kind of place: at no site or one, in no group or one, of no project or one. */
function placesOf({ sites, groups }: World): readonly Place[] {
  const all = [null, ...Array.from({ length: MOST }, (_, at) => at)];
  return all.flatMap((site) =>
    all.flatMap((group) =>
      [null, "p", "q"].map((project) => ({
        sites: site === null ? [] : chainOf(sites, site),
        groups: group === null ? [] : chainOf(groups, group),
        project,
      })),
    ),
  );
}

function holds(rights: Rights | undefined, one: Permission, place: Place): boolean {
  return rights?.at(one, place) ?? false;
}

describe("rights", () => {
  it("of one grant reach exactly what lies in its scope", () => {
    fc.assert(
      fc.property(world, grant, tenantId, permission, (made, one, tenant, asked) => {
        const rights = rightsIn([one], tenant);
        const here = one.scope.kind === "server" || one.scope.tenantId === tenant;
        const counts = one.permissions.includes(asked) && here && (one.scope.kind === "server" || !isServerWide(asked));
        for (const place of placesOf(made))
          expect(holds(rights, asked, place)).toBe(counts && within(one.scope, place));
        const whole = one.scope.kind === "server" || one.scope.kind === "tenant";
        expect(rights?.everywhere(asked) ?? false).toBe(counts && whole);
        expect(rights?.somewhere(asked) ?? false).toBe(counts);
      }),
    );
  });

  it("of a ceiling are those without it, and within it", () => {
    fc.assert(
      fc.property(world, grants, ceiling, tenantId, permission, (made, given, most, tenant, asked) => {
        const limited = rightsIn(given, tenant, most);
        const free = rightsIn(given, tenant);
        for (const place of placesOf(made))
          expect(holds(limited, asked, place)).toBe(most.has(asked) && holds(free, asked, place));
        expect(limited?.everywhere(asked) ?? false).toBe(most.has(asked) && (free?.everywhere(asked) ?? false));
      }),
    );
  });

  it("grow with every grant, and never shrink", () => {
    fc.assert(
      fc.property(world, grants, grant, tenantId, permission, (made, given, more, tenant, asked) => {
        const before = rightsIn(given, tenant);
        const after = rightsIn([...given, more], tenant);
        for (const place of placesOf(made))
          expect(holds(after, asked, place)).toBe(
            holds(before, asked, place) || holds(rightsIn([more], tenant), asked, place),
          );
      }),
    );
  });
});

describe("what may be given", () => {
  it("is nothing that the giver does not hold himself, wherever it reaches", () => {
    let given = 0;
    fc.assert(
      fc.property(world, grants, fc.option(ceiling, { nil: undefined }), grant, (made, own, most, offered) => {
        const giver = { rightsIn: (tenant: string) => rightsIn(own, tenant, most) };
        if (beyond(giver, offered, placeOf(made, offered.scope)).length > 0) return;
        given += 1;
        // Also in tenants that are made later: they have nothing but what holds on the whole server.
        for (const tenant of [...TENANTS, "later"]) {
          const [taken, theirs] = [rightsIn([offered], tenant), rightsIn(own, tenant, most)];
          for (const one of offered.permissions) {
            if (taken?.everywhere(one) === true) expect(theirs?.everywhere(one)).toBe(true);
            for (const place of placesOf(made))
              if (holds(taken, one, place)) expect(holds(theirs, one, place)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(given).toBeGreaterThan(20);
  });

  it("is everything that the giver holds", () => {
    fc.assert(
      fc.property(world, grant, (made, own) => {
        const giver = { rightsIn: (tenant: string) => rightsIn([own], tenant) };
        expect(beyond(giver, own, placeOf(made, own.scope))).toEqual([]);
      }),
    );
  });
});

function within(scope: Scope, { sites, groups, project }: Place): boolean {
  if (scope.kind === "site") return sites.includes(scope.id);
  if (scope.kind === "group") return groups.includes(scope.id);
  return scope.kind === "project" ? project === scope.name : true;
}

/** As `placeOfScope` works it out. */
function placeOf({ sites, groups }: World, scope: Scope): Place | undefined {
  const nowhere: Place = { sites: [], groups: [], project: null };
  if (scope.kind === "site") return { ...nowhere, sites: chainOf(sites, Number(scope.id.slice(2))) };
  if (scope.kind === "group") return { ...nowhere, groups: chainOf(groups, Number(scope.id.slice(2))) };
  return scope.kind === "project" ? { ...nowhere, project: scope.name } : undefined;
}
