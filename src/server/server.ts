import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openAdminToken } from "../access/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import { acquireLock, ensurePrivateFolder, ownProcess, writePrivateFile } from "../platform/files/index.ts";
import { socketPath } from "../platform/socket-path/index.ts";
import { ADDRESS_IN_USE, type Certificates, type HttpServer } from "../platform/http/index.ts";
import { createLogger, type Logger } from "../platform/logging/index.ts";
import { keepMemorySmall } from "../platform/memory/index.ts";
import { compose, type Composition } from "./compose.ts";
import { certificatesOf, masterKeyOf, settingsOf, type ConfigurationSources, type Settings } from "./configure.ts";
import { loginOf } from "./login-settings.ts";
import { embeddedModules } from "./modules.ts";
import { candidatePorts, keepPort, keptPort } from "./ports.ts";
import { createReach } from "./reach.ts";
import { takeSharedKey } from "./shared-key.ts";
import type { ListenAddress } from "./settings.ts";

export interface StartOptions extends ConfigurationSources {
  readonly version: string;
  /** Program and first arguments that start an agent on this machine. */
  readonly agentCommand: readonly string[];
}

export interface RunningServer {
  readonly urls: readonly string[];
  readonly socket: string;
  /** Stops what the server does; what it built goes on running. */
  close(): Promise<void>;
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * Starts a server on a data folder: opens and migrates the database, takes up every job where it was left, listens.
 *
 * Errors: `lock_held` when another server has the folder; `configuration_invalid`, `data_not_writable`, `database_newer`,
 * `address_in_use`, `certificate_invalid` and others of the platform. What had been started is stopped again.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { dataFolder } = options;
  await ensurePrivateFolder(dataFolder);
  const release = await acquireLock(join(dataFolder, "server.lock"));
  const undo: (() => Promise<void>)[] = [release];
  try {
    const memory = keepMemorySmall(systemClock);
    undo.push(async () => memory.stop());
    const settings = await settingsOf(options);
    const log = createLogger(settings.log_level);
    const sharedKey = takeSharedKey(settings, options.environment, log);
    const certificates = await certificatesOf(settings, dataFolder, log);
    undo.push(async () => certificates.stop());
    const composition = await compose({
      clock: systemClock,
      random: systemRandom,
      log,
      version: options.version,
      database: settings.database ?? join(dataFolder, "gantry.db"),
      dataFolder,
      settings,
      administrator: await openAdminToken(dataFolder, systemRandom),
      certificates,
      heartbeat: settings.heartbeat_interval * 1000,
      sharedKey,
      reachWithin: settings.reach_timeout * 1000,
      keepEvents: settings.event_days * DAY,
      keepJobs: settings.job_days * DAY,
      jobLimits: settings.job_limits,
      webhookAddresses: settings.webhook_addresses,
      limits: {
        perAddress: settings.rate_per_address,
        perCredential: settings.rate_per_credential,
        refusals: settings.refusals_per_minute,
      },
      login: await loginOf(settings),
      workerTenants: settings.embedded_worker_tenants,
      git: { folder: join(dataFolder, "git"), local: settings.git_local },
      masterKey: masterKeyOf(settings, options),
    });
    undo.push(() => composition.close());
    certificates.onChange((renewed) => composition.http.renew(renewed));
    const urls = await listenAll(composition.http, certificates.current, settings, dataFolder);
    const reach = await createReach({
      http: composition.http,
      certificates: () => certificates.current,
      urls: settings.advertise.length > 0 ? settings.advertise : urls,
      dataFolder,
      clock: systemClock,
      log,
    });
    await composition.start({
      urls: reach.urls,
      workerFolder: join(dataFolder, "worker"),
      modules: embeddedModules({
        thisMachine: settings.this_machine,
        dataFolder,
        agentCommand: options.agentCommand,
        environment: options.environment,
        reach,
      }),
    });
    const socket = socketPath(dataFolder, options.environment);
    await writePrivateFile(
      join(dataFolder, "server.json"),
      `${JSON.stringify({ ...ownProcess(), version: options.version, urls, socket }, null, 2)}\n`,
    );
    undo.push(() => rm(join(dataFolder, "server.json"), { force: true }));
    // Last: who finds the socket answering finds everything else in its place.
    await composition.http.listenOnSocket(socket);
    log.info({ urls, socket, version: options.version }, "server started");
    return { urls, socket, close: () => stop(undo, log) };
  } catch (error) {
    await stop(undo);
    throw error;
  }
}

async function stop(undo: (() => Promise<void>)[], log?: Logger): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
  log?.info("server stopped");
}

/** Listens where it was told to, else on a port of its own. Returns the URLs. */
async function listenAll(
  http: HttpServer,
  certificates: Certificates,
  settings: Settings,
  dataFolder: string,
): Promise<readonly string[]> {
  if (settings.listen.length === 0) return [await listenOnKeptPort(http, certificates, dataFolder)];
  const urls: string[] = [];
  for (const address of settings.listen) urls.push((await http.listen(address, certificates)).url);
  return urls;
}

async function listenOnKeptPort(http: HttpServer, certificates: Certificates, dataFolder: string): Promise<string> {
  const host = "127.0.0.1";
  const kept = await keptPort(dataFolder);
  if (kept !== undefined) return (await http.listen({ host, port: kept }, certificates)).url;
  for (const port of candidatePorts(dataFolder)) {
    try {
      const { url } = await http.listen({ host, port }, certificates);
      await keepPort(dataFolder, port);
      return url;
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== ADDRESS_IN_USE) throw error;
    }
  }
  throw new GantryError(ADDRESS_IN_USE, "every port Gantry chooses from is in use");
}

export type { Composition, ListenAddress };
