import { createHash, X509Certificate } from "node:crypto";
import { createAudit, recordActor, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import { kindOf, packVerb, readManifest, VERB_NAMES, type KnownVerb } from "../verbs/index.ts";
import { CUSTOM_VERB_LIMIT, CUSTOM_VERB_UNKNOWN } from "./errors.ts";
import { MOST_VERBS, type CustomVerb } from "./model.ts";
import { deleteVerb, insertVerb, selectProgram, selectVerb, selectVerbs, updateVerb } from "./store.ts";

/** A verb as somebody brings it. */
export interface VerbDraft {
  /** What it says of itself. */
  readonly manifest: unknown;
  readonly file: string;
  readonly program: Uint8Array;
}

export interface CustomVerbService {
  /** By name. */
  list(principal: Principal): Promise<readonly CustomVerb[]>;
  /** Errors: `custom_verb_unknown`. */
  get(principal: Principal, name: string): Promise<CustomVerb>;
  /** Registers a verb, or replaces it; the same again changes nothing. Errors: `custom_verb_wrong`, `version_mismatch`, `custom_verb_limit`. */
  put(
    principal: Principal,
    name: string,
    draft: VerbDraft,
    version: number | null,
  ): Promise<{ readonly verb: CustomVerb; readonly change: "created" | "replaced" | "none" }>;
  /** Errors: `custom_verb_unknown`, `version_mismatch`. */
  remove(principal: Principal, name: string, version: number | null): Promise<void>;
  /** Of these names, what the tenant has as verbs, ready to be fetched by nodes. */
  known(tenantId: Id, names: readonly string[]): Promise<ReadonlyMap<string, KnownVerb>>;
}

export interface CustomVerbParts {
  readonly database: Database;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  /** What the server signs with: certificate and key of its listener, PEM. */
  signer(): { readonly chain: string; readonly key: string };
  /** Keeps bytes where agents fetch content by its hash. */
  keepContent(tenantId: Id, bytes: Uint8Array): Promise<string>;
  /** Whether they are there still. */
  hasContent(sha256: string): Promise<boolean>;
}

/** Packages that were made, by what they are made of: signing anew would make another package, which every node had to fetch. */
const MOST_PACKAGES = 1000;

export function createCustomVerbService(parts: CustomVerbParts): CustomVerbService {
  const { database, clock, random } = parts;
  const audit = createAudit(parts);
  const packages = new Map<string, string>();

  async function found(tenantId: Id, name: string): Promise<CustomVerb> {
    const verb = await selectVerb(database.kysely, tenantId, name.toUpperCase());
    if (verb === undefined) throw new GantryError(CUSTOM_VERB_UNKNOWN, `there is no verb '${name}' of your own`);
    return verb;
  }

  async function told(tx: Transaction, principal: Principal, type: string, verb: CustomVerb): Promise<void> {
    const { tenantId } = principal;
    recordActor(tx, principal);
    const subject = { kind: "verb", id: verb.id };
    const data = { name: verb.name, file: verb.file, sha256: verb.sha256, version: verb.version };
    await audit.append(tx, [{ chain: tenantId, action: type, subject: { ...subject, name: verb.name }, data }]);
    await parts.events.append(tx, [{ tenantId, type, subject, data: { ...data, by: principal.name } }]);
  }

  /** The hash of the verb's package, signed by this server, and kept where nodes fetch it. */
  async function packaged(verb: CustomVerb): Promise<string> {
    const signer = parts.signer();
    const key = `${verb.id} ${verb.version} ${new X509Certificate(signer.chain).fingerprint256}`;
    const before = packages.get(key);
    if (before !== undefined && (await parts.hasContent(before))) return before;
    const bytes = await selectProgram(database.kysely, verb.id);
    if (bytes === undefined) throw new GantryError(CUSTOM_VERB_UNKNOWN, `verb ${verb.name} was just removed`);
    const { manifest, file, kind, tenantId } = verb;
    const sha256 = await parts.keepContent(tenantId, packVerb({ manifest, file, kind, bytes }, signer));
    packages.set(key, sha256);
    if (packages.size > MOST_PACKAGES) packages.delete(packages.keys().next().value as string);
    return sha256;
  }

  return {
    list: ({ tenantId }) => selectVerbs(database.kysely, tenantId),
    get: ({ tenantId }, name) => found(tenantId, name),
    async put(principal, name, { manifest: given, file, program }, version) {
      const { tenantId } = principal;
      const manifest = readManifest(withName(given, name), file, VERB_NAMES);
      const before = await selectVerb(database.kysely, tenantId, manifest.name);
      if (before !== undefined) requireVersion(`verb '${before.name}'`, before.version, version);
      else if (version !== null) await found(tenantId, name);
      const sha256 = createHash("sha256").update(program).digest("hex");
      const now = clock.now();
      const verb: CustomVerb = {
        id: before?.id ?? random.id(),
        tenantId,
        name: manifest.name,
        manifest,
        file,
        kind: kindOf(file),
        sha256,
        size: program.length,
        version: (before?.version ?? 0) + 1,
        author: principal.name,
        createdAt: before?.createdAt ?? now,
        updatedAt: now,
      };
      if (before !== undefined && isSame(before, verb)) return { verb: before, change: "none" };
      await database.transaction(async (tx) => {
        if (before === undefined) {
          const all = await selectVerbs(tx, tenantId);
          if (all.length >= MOST_VERBS)
            throw new GantryError(CUSTOM_VERB_LIMIT, `there are ${all.length} verbs; ${MOST_VERBS} is the most`);
          await insertVerb(tx, verb, program);
        } else if (!(await updateVerb(tx, verb, program))) {
          requireVersion(`verb '${verb.name}'`, before.version + 1, before.version);
        }
        await told(tx, principal, before === undefined ? "verb.created" : "verb.changed", verb);
      });
      return { verb, change: before === undefined ? "created" : "replaced" };
    },
    async remove(principal, name, version) {
      const verb = await found(principal.tenantId, name);
      requireVersion(`verb '${verb.name}'`, verb.version, version);
      await database.transaction(async (tx) => {
        await deleteVerb(tx, verb.id);
        await told(tx, principal, "verb.removed", verb);
      });
    },
    async known(tenantId, names) {
      const wanted = new Set(names.map((name) => name.toUpperCase()));
      if (wanted.size === 0) return new Map();
      const verbs = (await selectVerbs(database.kysely, tenantId)).filter(({ name }) => wanted.has(name));
      return new Map(
        await Promise.all(
          verbs.map(async (verb) => [verb.name, { manifest: verb.manifest, package: await packaged(verb) }] as const),
        ),
      );
    },
  };
}

/** The name in the path is the one that counts. */
function withName(manifest: unknown, name: string): unknown {
  if (typeof manifest !== "object" || manifest === null) return manifest;
  return { ...manifest, name: name.toUpperCase() };
}

function isSame(a: CustomVerb, b: CustomVerb): boolean {
  return a.sha256 === b.sha256 && a.file === b.file && JSON.stringify(a.manifest) === JSON.stringify(b.manifest);
}
