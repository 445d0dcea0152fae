import type { Observation, ObservationTarget, Observer } from "../design/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { isJsonObject } from "../kernel/json.ts";

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

/** Looks at what really is: asks the driver of each foundation, and the agent on it, all at the same time. */
export function createObserver(
  asker: Asker,
  siteId: (tenantId: Id, name: string) => Promise<Id | undefined>,
  clock: Clock,
): Observer {
  async function observe(tenantId: Id, target: ObservationTarget): Promise<Observation> {
    const site = await siteId(tenantId, target.site);
    const { foundationId } = target;
    const power = site === undefined ? "unknown" : await powerOf(asker, tenantId, site, target);
    const connected = asker.isConnected(foundationId) || (power === "on" && (await comesBack(foundationId)));
    return {
      foundationId,
      power,
      agent: connected ? "connected" : "missing",
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

  return { observe: (tenantId, targets) => Promise.all(targets.map((target) => observe(tenantId, target))) };
}

async function powerOf(
  asker: Asker,
  tenantId: Id,
  siteId: Id,
  target: ObservationTarget,
): Promise<Observation["power"]> {
  const foundation = {
    id: target.foundationId,
    name: target.name,
    attributes: target.attributes,
    addresses: [],
    hostname: target.name,
  };
  try {
    const seen = await asker.ask(tenantId, { siteId }, target.type, "observe", { foundation }, ANSWER_MILLISECONDS);
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
