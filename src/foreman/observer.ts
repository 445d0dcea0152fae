import type { Observation, ObservationTarget, Observer } from "../design/index.ts";
import { indexesOf, secretOwnersOf, type InventoryStore } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";
import { foundationAsBuilt } from "./as-built.ts";
import { foundationParameters } from "./parameters.ts";
import { createOpening, type SecretUse } from "./secrets.ts";

/** Who can be asked directly, without a job: a driver on a worker, or the agent of a foundation. */
export interface Asker {
  /** Calls a function that only reads. Throws when nobody of the tenant answers in time. */
  ask(
    tenantId: Id,
    route: { readonly agentId: Id } | { readonly siteId: Id },
    module: string,
    name: string,
    parameters: JsonObject,
    milliseconds: number,
  ): Promise<Json>;
  isConnected(foundationId: Id): boolean;
}

/** How long a plan waits for one answer: it must be quick even when a machine hangs. */
const ANSWER_MILLISECONDS = 1000;

/**
 * How long a plan waits for the agent of a machine that is on: after the server was started anew, agents come back within seconds, and one
 * that is on its way is not missing.
 */
const RETURN_MILLISECONDS = 10_000;
const LOOK_MILLISECONDS = 25;

export interface ObserverParts {
  readonly asker: Asker;
  siteId(tenantId: Id, name: string): Promise<Id | undefined>;
  /** What a driver is told of a foundation as it was built, with secrets opened. Undefined: it is not there any more. */
  parametersOf(tenantId: Id, foundationId: Id): Promise<JsonObject | undefined>;
  /** Foundations on which an agent has ever joined: the others have none that could be missing. */
  withAgents(tenantId: Id): Promise<ReadonlySet<Id>>;
  readonly clock: Clock;
}

/** Looks at what really is: asks the driver of each foundation, and the agent on it, all at the same time. */
export function createObserver(parts: ObserverParts): Observer {
  const { asker, clock } = parts;

  async function observe(tenantId: Id, target: ObservationTarget, joined: ReadonlySet<Id>): Promise<Observation> {
    const { foundationId } = target;
    const power = await powerOf(parts, tenantId, target);
    const connected =
      asker.isConnected(foundationId) ||
      (power === "on" && joined.has(foundationId) && (await comesBack(foundationId)));
    return {
      foundationId,
      power,
      agent: connected ? "connected" : joined.has(foundationId) ? "missing" : "unknown",
      services: connected ? await servicesOf(asker, tenantId, foundationId) : null,
    };
  }

  async function comesBack(foundationId: Id): Promise<boolean> {
    const deadline = clock.now() + RETURN_MILLISECONDS;
    while (!asker.isConnected(foundationId)) {
      if (clock.now() >= deadline) return false;
      await new Promise<void>((resolve) => {
        clock.after(LOOK_MILLISECONDS, resolve);
      });
    }
    return true;
  }

  return {
    async observe(tenantId, targets) {
      const joined = await parts.withAgents(tenantId);
      return Promise.all(targets.map((target) => observe(tenantId, target, joined)));
    },
  };
}

async function powerOf(
  { asker, siteId: siteNamed, parametersOf }: ObserverParts,
  tenantId: Id,
  { foundationId, type, site }: ObservationTarget,
): Promise<Observation["power"]> {
  try {
    const siteId = await siteNamed(tenantId, site);
    const foundation = await parametersOf(tenantId, foundationId);
    if (siteId === undefined || foundation === undefined) return "unknown";
    const seen = await asker.ask(tenantId, { siteId }, type, "observe", { foundation }, ANSWER_MILLISECONDS);
    if (!isJsonObject(seen)) return "unknown";
    if (seen["exists"] !== true) return "absent";
    return seen["power"] === "on" ? "on" : "off";
  } catch {
    // Nobody could look: that is no reason to repair anything.
    return "unknown";
  }
}

async function servicesOf(asker: Asker, tenantId: Id, foundationId: Id): Promise<Observation["services"]> {
  try {
    const seen = await asker.ask(tenantId, { agentId: foundationId }, "agent", "services", {}, ANSWER_MILLISECONDS);
    return (seen as { name: string; state: "running" | "stopped" | "failed" }[]).map(({ name, state }) => ({
      name,
      state,
    }));
  } catch {
    return null;
  }
}

/** Fills the port: a foundation as it was built, its secrets opened for this one question. */
export function observedParameters(
  inventory: Pick<InventoryStore, "snapshot">,
  secrets: SecretUse,
): ObserverParts["parametersOf"] {
  return async (tenantId, foundationId) => {
    const snapshot = await inventory.snapshot(tenantId);
    const row = snapshot.foundations.get(indexesOf(snapshot).byId("foundations", foundationId) ?? "");
    if (row === undefined) return undefined;
    const foundation = foundationAsBuilt(snapshot, row);
    const facts = foundationParameters(snapshot, foundation, true);
    const opening = createOpening({
      secrets,
      tenantId,
      purpose: { call: "observe", foundation: row.name },
      owners: secretOwnersOf(snapshot, { kind: "foundation", row }),
      variables: foundation.attributes,
    });
    return { ...facts, attributes: await opening.open(facts["attributes"] ?? {}) };
  };
}
