import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  createZoneFiles,
  DNS_SERVER_REFUSED,
  DNS_SERVER_UNREACHABLE,
  DNS_ZONE_REFUSED,
  readKeyFile,
  runProgram,
  type ZonePublisher,
} from "../../dns/index.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { syncFolder } from "../../platform/files/index.ts";
import {
  bindSettings,
  configurationText,
  fileNameOf,
  readRefusal,
  zoneOfFile,
  zoneWords,
  type BindSettings,
} from "./model.ts";

export { bindSettings } from "./model.ts";

const CONFIGURATION = "zones.conf";

/** BIND by its files: each zone is checked, put in its place at once, and reloaded. */
export function bindPublisher(): ZonePublisher {
  const files = createZoneFiles();
  /** By folder: what is written last must have seen every file. */
  const turns = new Map<string, Promise<void>>();

  async function inTurn(folder: string, work: () => Promise<void>): Promise<void> {
    const mine = (turns.get(folder) ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => {});
    turns.set(folder, settled);
    await mine;
    if (turns.get(folder) === settled) turns.delete(folder);
  }

  return {
    kind: "bind",
    compares: false,
    lanes: 4,
    settings: bindSettings,
    async publish(given, view, { zone, serial }, signal) {
      const { folder, rndc } = await placesOf(given, view);
      await mkdir(folder, { recursive: true });
      await writeChecked(join(folder, fileNameOf(zone.name)), files.file(zone, serial), (path) =>
        check(zone.name, path, signal),
      );
      await inTurn(folder, () => writeConfiguration(folder));
      const words = zoneWords(zone.name, view);
      if (await rndc(["reload", ...words], signal)) return;
      // BIND does not know the zone yet.
      await rndc(["reconfig"], signal);
      if (await rndc(["zonestatus", ...words], signal)) return;
      throw new GantryError(
        DNS_SERVER_REFUSED,
        `BIND does not serve zone ${zone.name}${view === null ? "" : ` in view ${view}`}`,
        { hint: `named.conf must have: include "${join(folder, CONFIGURATION)}";` },
      );
    },
    async remove(given, view, { name }, signal) {
      const { folder, rndc } = await placesOf(given, view);
      await rm(join(folder, fileNameOf(name)), { force: true });
      await mkdir(folder, { recursive: true });
      await inTurn(folder, () => writeConfiguration(folder));
      await rndc(["reconfig"], signal);
    },
  };
}

interface Places {
  readonly folder: string;
  /** False: BIND does not know the zone. Throws for everything else that fails. */
  rndc(words: readonly string[], signal: AbortSignal): Promise<boolean>;
}

async function placesOf(given: JsonObject, view: string | null): Promise<Places> {
  const settings: BindSettings = bindSettings.parse(given);
  await readKeyFile(settings.rndcConfig);
  return {
    folder: view === null ? settings.folder : join(settings.folder, view),
    async rndc(words, signal) {
      // A file with nothing but a key is one for `-k`, and leads to the server of this machine.
      const { code, output } = await runProgram("rndc", ["-c", settings.rndcConfig, ...words], signal);
      if (code === 0) return true;
      const why = readRefusal(output);
      if (why === "unknown_zone") return false;
      throw new GantryError(
        why === "unreachable" ? DNS_SERVER_UNREACHABLE : DNS_SERVER_REFUSED,
        `rndc ${words.join(" ")}: ${output}`,
      );
    },
  };
}

/** Errors: `dns_zone_refused`. */
async function check(zone: string, path: string, signal: AbortSignal): Promise<void> {
  const { code, output } = await runProgram("named-checkzone", ["-i", "local", "-k", "fail", zone, path], signal);
  if (code !== 0) throw new GantryError(DNS_ZONE_REFUSED, `zone ${zone}: ${output.replaceAll(path, "its file")}`);
}

/** Lists every zone file of the folder for BIND. What is as it should be is not written. */
async function writeConfiguration(folder: string): Promise<void> {
  const zones = (await readdir(folder)).flatMap((name) => zoneOfFile(name) ?? []);
  const path = join(folder, CONFIGURATION);
  const text = configurationText(folder, zones);
  const before = await readFile(path, "utf8").catch(() => undefined);
  if (before !== text) await writeChecked(path, text, () => Promise.resolve());
}

/** Writes a file beside its place and moves it there once it is found good: a reader sees the old one or the new one, whole. */
async function writeChecked(path: string, text: string, check: (path: string) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomUUID()}`);
  try {
    const file = await open(temporary, "wx", 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await check(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}
