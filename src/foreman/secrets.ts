import { serverPrincipal } from "../access/index.ts";
import type { NamedOwner } from "../inventory/index.ts";
import type { Call, HiddenValue, Job } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { SecretService } from "../secrets/index.ts";
import { replaceSecrets, secretNamesIn } from "../variables/index.ts";
import { SECRET_MISSING, SECRET_NOT_TEXT, SECRET_WOULD_STAY } from "./errors.ts";

/** What the foreman needs of secrets: find one by name, and open it for a job. */
export type SecretUse = Pick<SecretService, "find" | "open">;

/** Puts secrets in the place of references, for one call of a job or one machine that boots: as late as can be, and only those that are used. */
export interface Opening {
  /** A value with its references replaced. Errors: `secret_missing`, `secret_not_text`, `secrets_locked`, `secret_expired`. */
  open(value: Json): Promise<Json>;
  /** The same for what a template sees: only values whose names stand in its text are opened. */
  openNamed(values: JsonObject, text: string): Promise<JsonObject>;
  /** What was opened so far. */
  readonly opened: readonly HiddenValue[];
}

export interface OpeningParts {
  readonly secrets: SecretUse;
  readonly tenantId: Id;
  /** What the values are for, for the audit. The variable that refers to each is added. */
  readonly purpose: JsonObject;
  readonly owners: readonly NamedOwner[];
  /** The resolved variables of the target, or its attributes: only what these refer to is opened, whatever a script or an agent's answer says. */
  readonly variables: JsonObject;
}

export function createOpening(parts: OpeningParts): Opening {
  const { tenantId, owners, variables } = parts;
  const values = new Map<string, string>();
  const opened: HiddenValue[] = [];

  async function valueOf(name: string): Promise<string> {
    const known = values.get(name);
    if (known !== undefined) return known;
    const variable = Object.keys(variables).find((key) => secretNamesIn(variables[key] ?? null).includes(name));
    if (variable === undefined) throw missing(name, "no variable of this target refers to it");
    if (name === "") throw missing(name, `the variable '${variable}' does not name one: write {"$secret": "NAME"}`);
    const secret = await parts.secrets.find(tenantId, owners, name);
    if (secret === undefined) {
      const places = owners.map((owner) => `${owner.kind} ${owner.name}`).join(", ");
      throw missing(name, `the variable '${variable}' refers to it, and none of these has it: ${places}`);
    }
    const purpose = { ...parts.purpose, variable };
    const value = await parts.secrets.open(serverPrincipal(tenantId), secret.id, purpose);
    const text = value.text();
    if (text === undefined)
      throw new GantryError(
        SECRET_NOT_TEXT,
        `the secret '${name}' of the variable '${variable}' holds bytes that are no text`,
      );
    values.set(name, text);
    opened.push({ name, value: Buffer.from(text, "utf8").toString("base64") });
    return text;
  }

  async function open(value: Json): Promise<Json> {
    for (const name of secretNamesIn(value)) await valueOf(name);
    return replaceSecrets(value, (name) => values.get(name) ?? null);
  }

  return {
    open,
    async openNamed(all, text) {
      const names = new Set(text.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []);
      const entries: [string, Json][] = [];
      for (const [name, value] of Object.entries(all))
        entries.push([name, names.has(name) ? await open(value) : value]);
      return Object.fromEntries(entries);
    },
    opened,
  };
}

/** Verbs that leave nothing of their parameters in the agent's own folder. */
const FORGETTING: readonly string[] = ["run", "add", "copy"];
/** Parameters by which the node remembers what was done or said. */
const REMEMBERING: readonly string[] = ["cache", "stdout_arg", "stderr_arg"];

/** Refuses calls that would leave a secret in the agent's own folder. Errors: `secret_would_stay`. */
export function refuseStaying(call: Call): void {
  const { function: name, parameters } = call;
  if (!FORGETTING.includes(name))
    throw new GantryError(SECRET_WOULD_STAY, "it would keep the secret in the agent's folder");
  const member = REMEMBERING.find((one) => (parameters[one] ?? "none") !== "none");
  if (member !== undefined)
    throw new GantryError(SECRET_WOULD_STAY, `with ${member} it would keep the secret in the agent's folder`);
}

function missing(name: string, why: string): GantryError {
  return new GantryError(SECRET_MISSING, name === "" ? why : `there is no secret '${name}': ${why}`);
}

/** What a secret is opened for when a call of a job uses it. */
export function purposeOf(job: Job, call: Call): JsonObject {
  const { kind, name } = job.target;
  return { job: job.id, starter: job.starter.name, call: call.function, [kind]: name };
}
