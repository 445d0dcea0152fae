import { createResolver, secretOwnersOf, textOf, type Snapshot, type World } from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { secretNamesIn } from "../variables/index.ts";
import type { AnsibleInventory, HostSecrets } from "./ansible-model.ts";

/**
 * Secrets stay out of what is exported: a variable that refers to one is left out whole, and listed with where its secret is looked for, so
 * that who may read secrets can put it in. Pure.
 */
export function withoutSecrets(inventory: AnsibleInventory, world: World, snapshot: Snapshot): AnsibleInventory {
  if (!mentionsSecrets(world)) return inventory;
  const groups = inventory.groups.map((group) => ({ ...group, variables: kept(group.variables) }));
  const said = new Set(groups.flatMap(({ variables }) => Object.keys(variables)));

  /** A group may say something plain under the same name, which must not take the secret's place: then there is nothing. */
  function own(variables: JsonObject): JsonObject {
    const gone = Object.keys(variables).filter((name) => refers(variables[name]!) && said.has(name));
    return { ...kept(variables), ...Object.fromEntries(gone.map((name) => [name, null])) };
  }

  function* secrets(): Generator<readonly [string, HostSecrets]> {
    const resolver = createResolver(world);
    for (const { name } of inventory.hosts) {
      const row = snapshot.structures.get(name);
      if (row === undefined) continue;
      const variables = Object.fromEntries(Object.entries(resolver.values(name)).filter(([, value]) => refers(value)));
      if (Object.keys(variables).length === 0) continue;
      yield [name, { owners: secretOwnersOf(snapshot, { kind: "structure", row }), variables }];
    }
  }

  const hosts = inventory.hosts.map((host) => ({ ...host, variables: () => own(host.variables()) }));
  return { ...inventory, groups, hosts, secrets };
}

function refers(value: Json): boolean {
  return typeof value === "object" && value !== null && secretNamesIn(value).length > 0;
}

function kept(variables: JsonObject): JsonObject {
  const entries = Object.entries(variables);
  const plain = entries.filter(([, value]) => !refers(value));
  return plain.length === entries.length ? variables : Object.fromEntries(plain);
}

const MEMBER = '"$secret"';

/** Whether anything speaks of a secret at all. May be said too often, and never too seldom. */
function mentionsSecrets(world: World): boolean {
  const { tenant, sites, groups, blueprints, structures, foundations, complexes } = world;
  const shared = [tenant, ...sites.values(), ...groups.values(), ...blueprints.values()];
  return (
    shared.some(({ variables }) => JSON.stringify(variables).includes(MEMBER)) ||
    [...structures.values()].some((row) => mentioned(row, "variables", row.variables)) ||
    [...complexes.values(), ...foundations.values()].some((row) => mentioned(row, "attributes", row.attributes))
  );
}

function mentioned(row: object, member: "variables" | "attributes", values: JsonObject): boolean {
  return (textOf(row, member) ?? JSON.stringify(values)).includes(MEMBER);
}
