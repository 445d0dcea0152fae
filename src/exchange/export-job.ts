import { Readable } from "node:stream";
import { mergeExternal, type InventoryStore } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { createAnsiblePlanner } from "./ansible.ts";
import type { AnsibleInventory } from "./ansible-model.ts";
import { withoutSecrets } from "./ansible-secrets.ts";
import { isFileName } from "./ansible-names.ts";
import { bundleFiles, dynamicInventory, recordFile, type ExportRecord } from "./ansible-render.ts";
import { tgzOf, zipOf, type BundleEntry } from "./bundle.ts";
import { configured } from "./configuration.ts";
import { EXPORT_FORMAT_UNKNOWN, EXPORT_NAME_UNSAFE } from "./errors.ts";
import type { ExportHead, ExportRequest } from "./export-model.ts";
import { select } from "./export-selection.ts";
import { readableOf } from "./export-sight.ts";
import type { GitReader } from "./git.ts";

export interface ExportJobParts {
  readonly inventory: Pick<InventoryStore, "snapshot" | "snapshotAt">;
  readonly git: GitReader;
  readonly clock: Clock;
}

export interface Export {
  readonly head: ExportHead;
  /** Made while it is read. */
  readonly content: Readable;
}

/**
 * Exports an inventory as it is at one revision, or as it was. What can be wrong is found before there are bytes.
 *
 * Errors: those of `InventoryStore.snapshotAt`, `select`, `configured` and `AnsiblePlanner.plan`; `export_format_unknown`, `export_name_unsafe`.
 */
export async function runExport(parts: ExportJobParts, request: ExportRequest): Promise<Export> {
  const { format } = request;
  if (request.each && format === "json")
    throw new GantryError(EXPORT_FORMAT_UNKNOWN, "one bundle for each host is a tgz or a zip, not json");
  const { tenantId, at } = request;
  const stored = await (at === undefined
    ? parts.inventory.snapshot(tenantId)
    : parts.inventory.snapshotAt(tenantId, at));
  const { external = [] } = request;
  const snapshot = external.length === 0 ? stored : mergeExternal(stored, external).snapshot;
  const { readable } = request;
  const selection = select(snapshot, request, readable === undefined ? snapshot : readableOf(snapshot, readable));
  const head: ExportHead = { group: selection.group, hosts: selection.hosts.length };
  const { world, records } = await configured(snapshot, selection.concerned, parts.git);
  const now = new Date(parts.clock.now());
  const record: ExportRecord = {
    tenant: snapshot.tenant.name,
    revision: snapshot.revision,
    exportedAt: now.toISOString(),
    ...(at === undefined ? {} : { asOf: new Date(at).toISOString() }),
    group: selection.group,
    configurations: records,
  };
  const planner = createAnsiblePlanner(world, { ...parts, builtIn: request.builtIn, keepFiles: format === "json" });
  const archive = format === "zip" ? zipOf : tgzOf;
  const rendered = (inventory: AnsibleInventory) => withoutSecrets(inventory, world, snapshot);
  if (request.each) {
    const bundles = selection.hosts.map((host): BundleEntry => {
      if (!isFileName(host))
        throw new GantryError(EXPORT_NAME_UNSAFE, `host '${host.slice(0, 80)}' cannot have a bundle of its own`);
      const bundle = (): Readable => archive(bundleFiles(rendered(planner.plan([host], new Set())), record), now);
      return { path: `${host}.${format}`, bundle };
    });
    return { head, content: archive([recordFile(record), ...bundles], now) };
  }
  const inventory = rendered(planner.plan(selection.hosts, selection.groups));
  if (format === "json") return { head, content: Readable.from(inLargePieces(dynamicInventory(inventory))) };
  return { head, content: archive(bundleFiles(inventory, record), now) };
}

const PIECE_CHARACTERS = 256 * 1024;

/** Many short texts as few long ones. */
function* inLargePieces(pieces: Iterable<string>): Generator<Buffer> {
  let waiting = "";
  for (const piece of pieces) {
    waiting += piece;
    if (waiting.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(waiting);
    waiting = "";
  }
  yield Buffer.from(waiting);
}
