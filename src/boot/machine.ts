import { findTemplate } from "../blueprints/index.ts";
import { createOpening, type SecretUse } from "../foreman/index.ts";
import {
  createResolver,
  indexesOf,
  meant,
  secretOwnersOf,
  type Foundation,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import type { Renderer } from "../templates/index.ts";
import { replaceSecrets, secretNamesIn } from "../variables/index.ts";
import { BOOT_NOT_SET, BOOT_SECRET_CLOSED, BOOT_TEMPLATE_UNKNOWN } from "./errors.ts";
import { refused } from "./keys.ts";
import type { BootKey } from "./model.ts";
import { requireProfile } from "./service.ts";
import { selectSettings } from "./store.ts";
import { bootValues, standingOn } from "./values.ts";

/** Who asks: a machine by the key of its boot, or a structure by a token of its own, which opens no secret. */
export type Asker =
  | { readonly key: BootKey; readonly text: string }
  | { readonly tenantId: Id; readonly structureId: Id };

/** What a machine is told of itself, and of nothing else. */
export interface BootMachine {
  /** What it is and its variables, rendered. Errors: `template_*`, `secret_missing`. */
  configuration(asker: Asker, base: string): Promise<JsonObject>;
  /** The boot script of the profile that is set. Errors: those of `configuration`, `boot_not_set`, `boot_secret_closed`. */
  script(asker: Asker, base: string): Promise<string>;
  /** The template of that profile. Errors: those of `script`. */
  template(asker: Asker, base: string): Promise<string>;
  /** A template of the machine's blueprint. Errors: those of `script`, `boot_template_unknown`. */
  blueprintTemplate(asker: Asker, base: string, name: string): Promise<string>;
}

export interface BootMachineParts {
  readonly database: Database;
  readonly random: Random;
  readonly renderer: Renderer;
  readonly secrets: SecretUse;
  snapshot(tenantId: Id): Promise<Snapshot>;
}

interface Scene {
  readonly asker: Asker;
  readonly tenantId: Id;
  readonly snapshot: Snapshot;
  readonly foundation: Foundation | undefined;
  readonly structure: Structure | undefined;
  readonly blueprint: string;
  readonly values: JsonObject;
}

export function createBootMachine(parts: BootMachineParts): BootMachine {
  /** Everything the asker may know. A machine that is gone is refused as a key that is none. Errors: `unauthenticated`. */
  async function sceneOf(asker: Asker, base: string): Promise<Scene> {
    const tenantId = "key" in asker ? asker.key.tenantId : asker.tenantId;
    if ("key" in asker && asker.key.closed) throw refused();
    const snapshot = await parts.snapshot(tenantId);
    const { byId } = indexesOf(snapshot);
    const structureId = "key" in asker ? asker.key.structureId : asker.structureId;
    const structure = snapshot.structures.get(byId("structures", structureId ?? "") ?? "");
    const foundation =
      "key" in asker
        ? snapshot.foundations.get(byId("foundations", asker.key.foundationId) ?? "")
        : snapshot.foundations.get(structure?.foundation ?? "");
    if ("key" in asker && foundation === undefined) throw refused();
    if (structureId !== null && structure === undefined) throw refused();
    // It was moved elsewhere while the machine boots.
    if ("key" in asker && structure !== undefined && structure.foundation !== foundation?.name) throw refused();
    const resolver = createResolver(snapshot);
    const own = structure ?? foundation;
    if (own === undefined) throw refused();
    const resolved = structure === undefined ? resolver.foundation(own.name) : resolver.structure(own.name);
    const variables = resolved.values as JsonObject;
    const key = "key" in asker ? `/keys/${asker.text}` : "";
    const files = variables["pxe_location"];
    const locations = {
      files: typeof files === "string" ? files : "",
      template: `${base}/v1/boot${key}/template`,
    };
    const shown = structure ?? (foundation === undefined ? undefined : onlyOne(standingOn(snapshot, foundation.name)));
    const values =
      foundation === undefined ? variables : { ...variables, ...bootValues(snapshot, foundation, shown, locations) };
    return { asker, tenantId, snapshot, foundation, structure, blueprint: own.blueprint ?? "", values };
  }

  /** Values with their secrets in the place of references, in the variables of these names; undefined: in all. */
  async function opened(
    scene: Scene,
    names?: ReadonlySet<string>,
  ): Promise<{ values: JsonObject; put(text: string): string }> {
    const { asker, tenantId, values, structure, foundation, snapshot } = scene;
    const wanted = Object.entries(values).filter(
      ([name, value]) => (names?.has(name) ?? true) && secretNamesIn(value).length > 0,
    );
    const kept = new Map<string, string>();
    const put = (text: string): string =>
      [...kept].reduce((all, [placeholder, value]) => all.replaceAll(placeholder, () => value), text);
    if (wanted.length === 0 || !("key" in asker)) {
      if (names !== undefined && wanted.length > 0)
        throw new GantryError(BOOT_SECRET_CLOSED, `the variable '${wanted[0]![0]}' refers to a secret`);
      return { values, put };
    }
    const target =
      structure !== undefined
        ? ({ kind: "structure", row: structure } as const)
        : ({ kind: "foundation", row: foundation! } as const);
    const opening = createOpening({
      secrets: parts.secrets,
      tenantId,
      purpose: { boot: asker.key.id, [target.kind]: target.row.name },
      owners: secretOwnersOf(snapshot, target),
      variables: values,
    });
    const done: [string, Json][] = [];
    for (const [name, value] of wanted) {
      const texts = new Map<string, string>();
      for (const secret of secretNamesIn(value)) {
        const text = (await opening.open({ $secret: secret })) as string;
        // A value is never read as a template: one that looks like it is put in when everything is rendered.
        const placeholder = /\{[{%#]/.test(text) ? `@${parts.random.token(16)}@` : text;
        if (placeholder !== text) kept.set(placeholder, text);
        texts.set(secret, placeholder);
      }
      done.push([name, replaceSecrets(value, (secret) => texts.get(secret) ?? null)]);
    }
    return { values: { ...values, ...Object.fromEntries(done) }, put };
  }

  async function rendered(scene: Scene, name: string, text: string, mode: "strict" | "lenient"): Promise<string> {
    const { values, put } = await opened(scene, namesIn(text, scene.values));
    return put(await parts.renderer.render({ name, text, values, mode }));
  }

  async function profileOf({ tenantId, foundation }: Scene) {
    const foundationId = foundation?.id ?? "";
    const [setting] = await selectSettings(parts.database.kysely, { tenantId, foundationId });
    if (setting === undefined)
      throw new GantryError(BOOT_NOT_SET, `no boot profile is set for ${foundation?.name ?? "this structure"}`);
    return requireProfile(parts.database.kysely, tenantId, setting.profile);
  }

  return {
    async configuration(asker, base) {
      const scene = await sceneOf(asker, base);
      const { structure, foundation } = scene;
      const { values, put } = await opened(scene);
      const variables = mapTexts(await parts.renderer.renderValues(values), put) as JsonObject;
      return {
        foundation: foundation?.name ?? null,
        structure: structure?.name ?? null,
        site: (structure ?? foundation)?.site ?? null,
        blueprint: scene.blueprint,
        variables,
      };
    },
    async script(asker, base) {
      const scene = await sceneOf(asker, base);
      const { name, script } = await profileOf(scene);
      const text = script.startsWith("#!ipxe") ? script : `#!ipxe\n${script}`;
      return rendered(scene, `boot profile ${name}, script`, text, "lenient");
    },
    async template(asker, base) {
      const scene = await sceneOf(asker, base);
      const { name, template } = await profileOf(scene);
      return rendered(scene, `boot profile ${name}, template`, template, "lenient");
    },
    async blueprintTemplate(asker, base, name) {
      const scene = await sceneOf(asker, base);
      const { blueprints } = scene.snapshot;
      const found = blueprints.has(scene.blueprint) ? findTemplate(blueprints, scene.blueprint, name) : undefined;
      if (found === undefined) {
        const all = [...blueprints.values()].flatMap((one) => Object.keys(one.templates));
        throw new GantryError(
          BOOT_TEMPLATE_UNKNOWN,
          `the blueprint ${scene.blueprint} has no template '${name.slice(0, 80)}'${"key" in asker ? meant(name, all) : ""}`,
        );
      }
      return rendered(scene, found.origin.file, found.text, "strict");
    },
  };
}

function onlyOne<Thing>(things: readonly Thing[]): Thing | undefined {
  return things.length === 1 ? things[0] : undefined;
}

const NAME = /[\p{L}_][\p{L}\p{N}_]*/gu;

/** The variables that a text names, and those that these name in turn. */
function namesIn(text: string, values: JsonObject): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [text];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const name of next.match(NAME) ?? []) {
      const value = values[name];
      if (found.has(name) || value === undefined) continue;
      found.add(name);
      open.push(JSON.stringify(value));
    }
  return found;
}

function mapTexts(value: Json, map: (text: string) => string): Json {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((one: Json) => mapTexts(one, map));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapTexts(one, map)]));
}
