import { findTemplate, placeInOrigin } from "../blueprints/index.ts";
import type { Foundation } from "../inventory/index.ts";
import type { Call, Job, Prepared } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import { CALL_INVALID, NO_AGENT_HERE, TEMPLATE_UNKNOWN } from "./errors.ts";
import type { HostParts } from "./host.ts";
import { fallingOf } from "./falling.ts";
import { hideOf, variableOpening, type Scene } from "./scene.ts";
import { refuseStaying, type Opening } from "./secrets.ts";
import { verbTimeout } from "./timeout.ts";
import { templateValues } from "./values.ts";
import { foremanView } from "./view.ts";

/** Characters of a file with secrets: it travels in the message itself, and is kept nowhere on the way. */
const LONGEST_FILE = 256 * 1024;

/** `agent.run( … )`: a verb, done by the agent of the foundation. */
export async function prepareAgentCall(parts: HostParts, job: Job, call: Call, scene: Scene): Promise<Prepared> {
  if (scene.foundation === undefined)
    throw new GantryError(NO_AGENT_HERE, `${job.target.name} stands on no foundation`);
  if (job.context["role"] === "destroy" && !parts.isConnected(scene.foundation.id) && goes(scene, scene.foundation))
    return { kind: "value", value: null };
  const opening = variableOpening(parts.secrets, job, call, scene);
  const parameters = await agentParameters(parts, job, call, scene, opening);
  if (opening.opened.length > 0) refuseStaying(call);
  if (call.function === "service" && job.target.kind === "structure") await keepService(parts, job, parameters);
  return {
    kind: "task",
    task: {
      module: "agent",
      function: call.function,
      parameters,
      // A node's agent is known by the foundation it runs on, also before it has joined.
      route: { agentId: scene.foundation.id },
      ...hideOf(opening),
      timeout: verbTimeout(parameters),
      reachWithin: parts.reachWithin,
      safeToRepeat: parts.isSafeToRepeat(job.tenantId, "agent", call.function) ?? false,
    },
  };
}

/** A machine that is taken away with all that is on it is not asked to tidy up first when nobody is there to do it. */
function goes({ snapshot }: Scene, { id, wanted, rebuild }: Foundation): boolean {
  return wanted === "absent" || rebuild || fallingOf(foremanView(snapshot)).has(id);
}

/** What is left on the machine is looked for by every later plan. What does not fit is left to the verb, which says so. */
async function keepService({ store }: HostParts, job: Job, { name, state }: JsonObject): Promise<void> {
  if (typeof name !== "string") return;
  await store.keepService(job.id, name, state === "absent" || state === "stopped" ? state : "started");
}

/** `template=` and `content=` become content the agent fetches; the rest goes to the verb as it is. */
async function agentParameters(
  parts: HostParts,
  job: Job,
  call: Call,
  scene: Scene,
  opening: Opening,
): Promise<JsonObject> {
  if (call.function !== "add" && call.function !== "copy") return (await opening.open(call.parameters)) as JsonObject;
  const { template, content, values, ...rest } = call.parameters;
  if (template === undefined && content === undefined) {
    throw new GantryError(CALL_INVALID, `agent.${call.function} needs 'template' or 'content'`);
  }
  if (template !== undefined && content !== undefined) {
    throw new GantryError(CALL_INVALID, `agent.${call.function} takes 'template' or 'content', not both`);
  }
  const others = (await opening.open(rest)) as JsonObject;
  const text =
    template === undefined
      ? textOf(await opening.open(content ?? null), "content")
      : await rendered(parts, textOf(template, "template"), values, scene, opening);
  if (opening.opened.length === 0)
    return { ...others, ...(await parts.keepContent(job.tenantId, Buffer.from(text, "utf8"))) };
  if (text.length > LONGEST_FILE)
    throw new GantryError(CALL_INVALID, `a file with secrets may have ${LONGEST_FILE} characters, not ${text.length}`);
  return { ...others, text };
}

async function rendered(
  parts: HostParts,
  name: string,
  values: Json | undefined,
  scene: Scene,
  opening: Opening,
): Promise<string> {
  const { blueprints } = scene.snapshot;
  const template = findTemplate(blueprints, scene.blueprint, name);
  if (template === undefined) {
    const near = nearest(
      name,
      [...blueprints.values()].flatMap((blueprint) => Object.keys(blueprint.templates)),
    );
    throw new GantryError(
      TEMPLATE_UNKNOWN,
      `the blueprint ${scene.blueprint} has no template '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
    );
  }
  const given = values === undefined ? {} : values;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new GantryError(CALL_INVALID, "'values' of a template must be a map");
  const place = placeInOrigin(template.origin, 1);
  return parts.renderer.render({
    name: place.file,
    text: template.text,
    values: await opening.openNamed(templateValues(scene.values, given as JsonObject), template.text),
    mode: "strict",
    firstLine: place.line ?? 1,
  });
}

function textOf(value: Json | undefined, name: string): string {
  if (typeof value !== "string") throw new GantryError(CALL_INVALID, `'${name}' must be a text`);
  return value;
}
