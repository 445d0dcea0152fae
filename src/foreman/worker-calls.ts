import type { Call, Job, Prepared } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { ALIASES, moduleNamed } from "./catalogue.ts";
import { NO_AGENT_HERE } from "./errors.ts";
import type { HostParts } from "./host.ts";
import { foundationParameters } from "./parameters.ts";
import { attributeOpening, hideOf, siteIdOf, variableOpening, type Scene } from "./scene.ts";
import { verbTimeout } from "./timeout.ts";

/** Functions of a driver that start a machine: its agent may have to join, so they are given a token for it. */
const GIVEN_JOIN: readonly string[] = ["create", "power_on"];

/** A failed driver call that may be repeated is repeated: an engine restarts, a network hiccups. */
const DRIVER_RETRY = { times: 3, backoff: 1000 } as const;

/** `foundation.create()`, which `docker.create()` is as well for a foundation of this type: done by the driver, near the foundation. */
export async function prepareFoundationCall(parts: HostParts, job: Job, call: Call, scene: Scene): Promise<Prepared> {
  const { foundation, snapshot } = scene;
  if (foundation === undefined) throw new GantryError(NO_AGENT_HERE, `${job.target.name} stands on no foundation`);
  const module = foundation.type;
  const own = parts.isSafeToRepeat(job.tenantId, module, call.function);
  const name = own === undefined ? (ALIASES[call.function] ?? call.function) : call.function;
  const safeToRepeat = own ?? parts.isSafeToRepeat(job.tenantId, module, name) ?? true;
  const given = variableOpening(parts.secrets, job, call, scene);
  const parameters = (await given.open(call.parameters)) as JsonObject;
  const facts = foundationParameters(snapshot, foundation, job.context["role"] === "destroy");
  const opening = attributeOpening(parts.secrets, job, call, scene, foundation);
  return {
    kind: "task",
    task: {
      module,
      function: name,
      parameters: {
        ...parameters,
        foundation: { ...facts, attributes: await opening.open(facts["attributes"] ?? {}) },
        // The token is minted when the task is sent, and is in no table and no log.
        ...(GIVEN_JOIN.includes(name) ? { join: { $join: foundation.id } } : {}),
      },
      ...hideOf(given, opening),
      route: { siteId: siteIdOf(scene, foundation.site) },
      timeout: timeoutOf(name, parameters),
      safeToRepeat,
      undoable: parts.isUndoable(job.tenantId, module, name),
      ...(safeToRepeat ? { retry: DRIVER_RETRY } : {}),
    },
  };
}

/** `net.ping( … )`: done by a worker at the target's site that has the module. */
export async function prepareWorkerCall(parts: HostParts, job: Job, call: Call, scene: Scene): Promise<Prepared> {
  const module = moduleNamed(call.module ?? "");
  const opening = variableOpening(parts.secrets, job, call, scene);
  const parameters = (await opening.open(call.parameters)) as JsonObject;
  return {
    kind: "task",
    task: {
      module,
      function: call.function,
      parameters,
      ...hideOf(opening),
      route: { siteId: siteIdOf(scene, scene.site) },
      timeout: timeoutOf(call.function, parameters),
      safeToRepeat: parts.isSafeToRepeat(job.tenantId, module, call.function) ?? false,
      undoable: parts.isUndoable(job.tenantId, module, call.function),
    },
  };
}

/** What waits for something waits until it comes, or the script's block has had its time. */
function timeoutOf(name: string, parameters: JsonObject): number | null {
  return name.startsWith("wait_") ? null : verbTimeout(parameters);
}
