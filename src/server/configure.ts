import { join } from "node:path";
import { type Logger, silentLogger } from "../platform/logging/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import { configurationFiles, resolveConfiguration, type Configuration } from "../platform/configuration/index.ts";
import { acquireLock } from "../platform/files/index.ts";
import {
  CERTIFICATE_INVALID,
  type CertificateKeeper,
  keepOwnCertificates,
  keepSuppliedCertificates,
} from "../platform/http/index.ts";
import { checkMasterKeySettings, takeEnvironmentKeys, type MasterKeySettings } from "../secrets/index.ts";
import { SERVER_SETTINGS } from "./settings.ts";

/** Where a server finds what it was told. */
export interface ConfigurationSources {
  /** Absolute path. Everything the server keeps is in it. */
  readonly dataFolder: string;
  /** What the command line gave, under the names of settings. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: NodeJS.ProcessEnv;
}

export type Settings = Configuration<typeof SERVER_SETTINGS>;

/** Errors: `configuration_invalid`. */
export async function settingsOf({ dataFolder, flags, environment }: ConfigurationSources): Promise<Settings> {
  const files = configurationFiles(environment, [join(dataFolder, "config.yaml")]);
  const { values, sources } = await resolveConfiguration(SERVER_SETTINGS, { flags, environment, files });
  return values.debug && sources.log_level === "default" ? { ...values, log_level: "debug" } : values;
}

/**
 * Where the master key of secrets is. Takes what the environment has of it out of there.
 *
 * Errors: `master_key_source_invalid`.
 */
export function masterKeyOf(settings: Settings, { dataFolder, environment }: ConfigurationSources): MasterKeySettings {
  const masterKey: MasterKeySettings = {
    source: settings.master_key_source,
    environment: takeEnvironmentKeys(environment),
    dataFolder,
    vault: {
      address: settings.vault_address,
      ca: settings.vault_ca,
      namespace: settings.vault_namespace,
      tokenFile: settings.vault_token_file,
      roleId: settings.vault_role_id,
      secretIdFile: settings.vault_secret_id_file,
    },
    barbican: {
      url: settings.barbican_url,
      ca: settings.barbican_ca,
      project: settings.barbican_project,
      tokenFile: settings.barbican_token_file,
    },
  };
  checkMasterKeySettings({ settings: masterKey, clock: systemClock, random: systemRandom, log: silentLogger() });
  return masterKey;
}

/** Those a person made, else those of the data folder, made when there are none. Errors: `certificate_invalid`. */
export async function certificatesOf(settings: Settings, dataFolder: string, log: Logger): Promise<CertificateKeeper> {
  const parts = { clock: systemClock, log };
  if ((settings.tls_cert === null) !== (settings.tls_key === null))
    throw new GantryError(
      CERTIFICATE_INVALID,
      settings.tls_key === null ? "there is tls_cert, and no tls_key" : "there is tls_key, and no tls_cert",
    );
  if (settings.tls_cert !== null && settings.tls_key !== null)
    return keepSuppliedCertificates({ chain: settings.tls_cert, key: settings.tls_key }, parts);
  const names = settings.listen.map((address) => address.host).filter((host) => host !== "::" && host !== "0.0.0.0");
  return keepOwnCertificates(join(dataFolder, "tls"), ["127.0.0.1", ...names], parts);
}

/**
 * Makes the certificates a server with this configuration is going to need. For who starts one and ends soon: what making them takes, a
 * server would keep in memory for as long as it runs.
 *
 * Errors: `lock_held` when a server has the folder, and those of `settingsOf` and `certificatesOf`.
 */
export async function prepareCertificates(sources: ConfigurationSources): Promise<void> {
  const release = await acquireLock(join(sources.dataFolder, "server.lock"));
  try {
    (await certificatesOf(await settingsOf(sources), sources.dataFolder, silentLogger())).stop();
  } finally {
    await release();
  }
}
