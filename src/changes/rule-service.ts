import { recordActor, requireEverywhere, type Audit, type Principal } from "../access/index.ts";
import { holdInventory, indexesOf, meant, NOT_FOUND, type InventoryStore, type Snapshot } from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { CHANGE_RULE_UNKNOWN, CHANGE_SET_NEEDED } from "./errors.ts";
import type { ChangeRule } from "./model.ts";
import { mayBeDirect } from "./rules.ts";
import { deleteRule, putRule, selectRules } from "./store.ts";

/** What tenants and sites ask of changes: kept by who manages access. */
export interface ChangeRuleService {
  list(principal: Principal): Promise<readonly ChangeRule[]>;
  /** Errors: `not_found` of the site. */
  put(principal: Principal, rule: ChangeRule): Promise<ChangeRule>;
  /** `site`: null for the rule of the tenant. Errors: `change_rule_unknown`. */
  remove(principal: Principal, site: string | null): Promise<void>;
}

/** The rules of a tenant, with the names of their sites. A rule of a site that is gone says nothing any more. */
export async function rulesOf(queries: Queries, snapshot: Snapshot): Promise<readonly ChangeRule[]> {
  const stored = await selectRules(queries, snapshot.tenant.id);
  return stored.flatMap(({ siteId, approvals, direct }): readonly ChangeRule[] => {
    if (siteId === "") return [{ site: null, approvals, direct }];
    const site = indexesOf(snapshot).byId("sites", siteId);
    return site === undefined ? [] : [{ site, approvals, direct }];
  });
}

/**
 * Refuses what must not be written without a change set.
 *
 * `chains`: for each place that is touched, the names of its sites, root first. Errors: `change_set_needed`.
 */
export async function refuseDirect(
  tx: Transaction,
  principal: Principal,
  snapshot: Snapshot,
  chains: readonly (readonly string[])[],
): Promise<void> {
  if (principal.kind === "server") return;
  const rules = await rulesOf(tx, snapshot);
  if (rules.length === 0) return;
  const places = chains.length === 0 ? [[]] : chains;
  const bound = places.find((chain) => !mayBeDirect(rules, [chain]));
  if (bound === undefined) return;
  const where = bound.at(-1) === undefined ? `tenant '${snapshot.tenant.name}'` : `site '${bound.at(-1)}'`;
  throw new GantryError(CHANGE_SET_NEEDED, `${where} is changed by approved change sets only`);
}

export interface ChangeRuleParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly events: EventStream;
  readonly audit: Audit;
}

export function createChangeRuleService({ database, inventory, events, audit }: ChangeRuleParts): ChangeRuleService {
  function idOf(snapshot: Snapshot, site: string | null): string {
    if (site === null) return "";
    const found = snapshot.sites.get(site);
    if (found !== undefined) return found.id;
    throw new GantryError(NOT_FOUND, `there is no site '${site.slice(0, 80)}'${meant(site, snapshot.sites.keys())}`);
  }

  async function tell(tx: Transaction, principal: Principal, type: string, rule: Partial<ChangeRule>): Promise<void> {
    const { tenantId, name } = principal;
    const subject = { kind: "tenant", id: tenantId };
    await events.append(tx, [{ tenantId, type, subject, data: { ...rule, by: name } }]);
    const named = { kind: "change_rule", id: null, name: rule.site ?? "" };
    await audit.append(tx, [{ chain: tenantId, action: type, subject: named, data: { ...rule } }]);
  }

  return {
    list: async ({ tenantId }) => rulesOf(database.kysely, await inventory.snapshot(tenantId)),
    async put(principal, rule) {
      requireEverywhere(principal, "access.manage");
      const { tenantId } = principal;
      await database.transaction(async (tx) => {
        await holdInventory(tx, tenantId);
        recordActor(tx, principal);
        const siteId = idOf(await inventory.snapshot(tenantId, tx), rule.site);
        await putRule(tx, tenantId, { siteId, approvals: rule.approvals, direct: rule.direct });
        await tell(tx, principal, "change.rule_set", rule);
      });
      return rule;
    },
    async remove(principal, site) {
      requireEverywhere(principal, "access.manage");
      const { tenantId } = principal;
      await database.transaction(async (tx) => {
        await holdInventory(tx, tenantId);
        recordActor(tx, principal);
        const siteId = idOf(await inventory.snapshot(tenantId, tx), site);
        if (!(await deleteRule(tx, tenantId, siteId)))
          throw new GantryError(
            CHANGE_RULE_UNKNOWN,
            `there is no rule for ${site === null ? "the tenant" : `site '${site}'`}`,
          );
        await tell(tx, principal, "change.rule_removed", { site });
      });
    },
  };
}
