import { join, resolve } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import type { Logger } from "../platform/logging/index.ts";
import { barbicanKeys } from "./barbican-key.ts";
import { environmentKeys, type EnvironmentKeys } from "./environment-key.ts";
import { MASTER_KEY_SOURCE_INVALID } from "./errors.ts";
import { fileKeys } from "./file-key.ts";
import type { KeyProvider } from "./master-key.ts";
import { parseSource, sourceText, type KeySource } from "./source.ts";
import { kvKeys, transitKeys } from "./vault-key.ts";
import { createVault } from "./vault.ts";

/** What the server was told of master keys. Names of members are those of settings. */
export interface MasterKeySettings {
  /** Null: the environment when a key came by it, else a file in the data folder. */
  readonly source: string | null;
  readonly environment: EnvironmentKeys;
  /** Where the file is when nothing else is said. */
  readonly dataFolder: string;
  readonly vault: {
    readonly address: string | null;
    readonly ca: string | null;
    readonly namespace: string | null;
    readonly tokenFile: string | null;
    readonly roleId: string | null;
    readonly secretIdFile: string | null;
  };
  readonly barbican: {
    readonly url: string | null;
    readonly ca: string | null;
    readonly project: string | null;
    readonly tokenFile: string | null;
  };
}

/** A file in the data folder, and nothing else. */
export function masterKeyInFolder(dataFolder: string): MasterKeySettings {
  return {
    source: null,
    environment: { now: undefined, before: undefined },
    dataFolder,
    vault: { address: null, ca: null, namespace: null, tokenFile: null, roleId: null, secretIdFile: null },
    barbican: { url: null, ca: null, project: null, tokenFile: null },
  };
}

export interface ProviderParts {
  readonly settings: MasterKeySettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Every place of a master key that this server can use, by its text; each is opened once. */
export interface Providers {
  /** The one that the configuration names. */
  readonly configured: KeyProvider;
  /** Errors: `master_key_source_invalid`. */
  of(source: string): KeyProvider;
  close(): void;
}

/** Errors: `master_key_source_invalid`. */
export function createProviders(parts: ProviderParts): Providers {
  const open = new Map<string, KeyProvider>();
  function of(text: string): KeyProvider {
    const source = parseSource(text);
    const name = sourceText(source);
    const known = open.get(name) ?? providerOf(source, parts);
    open.set(name, known);
    return known;
  }
  return {
    configured: of(sourceOf(parts.settings)),
    of,
    close() {
      for (const provider of open.values()) provider.close();
    },
  };
}

/** Whether the place that is named can be asked at all, with the settings that are given. Errors: `master_key_source_invalid`. */
export function checkMasterKeySettings(parts: ProviderParts): void {
  createProviders(parts).close();
}

function sourceOf({ source, environment, dataFolder }: MasterKeySettings): string {
  if (source !== null) return source;
  return environment.now === undefined ? `file:${resolve(join(dataFolder, "master.key"))}` : "environment";
}

function providerOf(source: KeySource, { settings, clock, random, log }: ProviderParts): KeyProvider {
  const { vault, barbican, environment } = settings;
  switch (source.kind) {
    case "file":
      return fileKeys(source.path, random);
    case "environment":
      return environmentKeys(environment, random);
    case "vault-transit":
    case "vault-kv": {
      const { address, ...rest } = vault;
      const opened = createVault({
        settings: { url: needed(address, "vault_address", source), ...rest },
        clock,
        log,
      });
      return source.kind === "vault-kv" ? kvKeys(source, opened, random) : transitKeys(source, opened);
    }
    case "barbican":
      return barbicanKeys(source, { ...barbican, url: needed(barbican.url, "barbican_url", source) }, random);
  }
}

function needed(value: string | null, setting: string, source: KeySource): string {
  if (value !== null) return value;
  throw new GantryError(MASTER_KEY_SOURCE_INVALID, `${sourceText(source)} needs the setting ${setting}`);
}
