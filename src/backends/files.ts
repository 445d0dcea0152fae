import { watch, type FSWatcher } from "node:fs";
import { readdir } from "node:fs/promises";
import { checkBundle, loadBundle } from "../design/index.ts";
import { loadSource, placeAddresses, readSource, type ImportDocument } from "../exchange/index.ts";
import type { ForeignRow, InventoryBackend } from "../inventory/index.ts";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Backend, FilesSettings } from "./model.ts";

/** A folder of site files, or of OpenStack-Ansible, that is read and watched. */

/** An editor writes a file in several steps. */
const SETTLE_MILLISECONDS = 100;

export function filesBackend(
  { name, site }: Pick<Backend, "name" | "site">,
  settings: FilesSettings,
  clock: Clock,
): InventoryBackend {
  const { folder } = settings;
  return {
    place: `in the folder ${folder}`,
    async read() {
      const format = settings.format ?? (await formatOf(folder));
      if (format === "site") return readSiteFiles(folder);
      const { files } = await loadSource(folder, format);
      return importedRows(await readSource({ name, format, site, files }));
    },
    watch: (changed) => watchFolder(folder, clock, changed),
  };
}

async function formatOf(folder: string): Promise<"site" | "osa" | "osa-config"> {
  // That the folder is not there is told by who reads it.
  const names = await readdir(folder).catch(() => []);
  if (names.some((name) => name.endsWith("openstack_inventory.json"))) return "osa";
  return names.some((name) => /openstack_user_config\.ya?ml$/.test(name)) ? "osa-config" : "site";
}

async function readSiteFiles(folder: string): Promise<readonly ForeignRow[]> {
  const { design } = await checkBundle(await loadBundle([folder]));
  const rows: ForeignRow[] = [];
  const kinds = [
    ["site", design.sites],
    ["group", design.groups],
    ["network", design.networks],
    ["link", design.links],
    ["address_block", design.addressBlocks],
    ["structure", design.structures],
    ["interface", design.interfaces],
  ] as const;
  for (const [kind, things] of kinds)
    for (const data of things.values()) rows.push({ kind, data: data as unknown as JsonObject });
  return rows;
}

/** The rows of an import; addresses that no block of it holds stay in the variables they came from. */
export function importedRows({ rows }: ImportDocument): readonly ForeignRow[] {
  const placed = placeAddresses({ rows, blocks: new Map(), sites: new Map(), others: [], warn: () => {} });
  return placed.map(({ kind, name, data }) => ({ kind, data: { name, ...data } }));
}

/** Watches what lies below a folder. A folder that is not there is not watched: it is looked at now and then. */
function watchFolder(folder: string, clock: Clock, changed: () => void): () => void {
  let cancel: CancelTimer = () => {};
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, { recursive: true, persistent: false }, () => {
      cancel();
      cancel = clock.after(SETTLE_MILLISECONDS, changed);
    });
    watcher.on("error", changed);
  } catch {
    // As said above.
  }
  return () => {
    cancel();
    watcher?.close();
  };
}
