import { z } from "zod";
import { serverUrl, type Transport } from "../link/index.ts";
import { configurationFiles, resolveConfiguration, type Setting } from "../platform/configuration/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { LOG_LEVELS, type LogLevel } from "../platform/logging/index.ts";
import { JOINING_INCOMPLETE } from "./errors.ts";
import type { JoinFile } from "./identity.ts";

/** What agents and workers can be told, by switch, environment (`GANTRY_…`) or file. `docs/configuration.md` lists the same. */

function text(summary: string, fallback: string | null = null): Setting<string | null> {
  return { schema: z.string().min(1).nullable(), fallback, summary };
}

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((one) => one === "true")]);

const addresses = z
  .union([z.string().transform((one) => one.split(",")), z.array(z.string())])
  .transform((all, context) => {
    try {
      return all.map(serverUrl);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  });

export const EXECUTOR_SETTINGS = {
  server_address: {
    schema: addresses,
    fallback: [] as string[],
    summary: "Where the server is: names or addresses, the port where it is not 7411, or whole URLs.",
  } satisfies Setting<string[]>,
  join_token: text("Token to join with, on the first start."),
  shared_key: text("Key to join with, when the server was given the same: agents alone."),
  name: text("Its name. Default: the host's name."),
  state: text(
    "Folder where its key, its journal and its services are kept. Default: /var/lib/gantry-agent, or -worker.",
  ),
  transport: {
    schema: z.enum(["auto", "websocket", "poll"]),
    fallback: "auto",
    summary: "How to reach the server: auto, websocket or poll.",
  } satisfies Setting<Transport>,
  heartbeat_interval: {
    schema: z.coerce.number().positive("must be a positive number of seconds").nullable(),
    fallback: null,
    summary: "Seconds between its heartbeats. Default: what the server says; a longer one than that is not kept.",
  } satisfies Setting<number | null>,
  log_level: {
    schema: z.enum(LOG_LEVELS),
    fallback: "info",
    summary: "trace, debug, info, warn or error.",
  } satisfies Setting<LogLevel>,
  debug: {
    schema: flag,
    fallback: false,
    summary: "The same as `log_level: debug`, unless that is given too.",
  } satisfies Setting<boolean>,
} as const;

export const AGENT_SETTINGS = {
  ...EXECUTOR_SETTINGS,
  home: {
    schema: z.string().min(1),
    fallback: "/",
    summary: "Folder where relative paths of verbs begin, and commands run.",
  } satisfies Setting<string>,
} as const;

export const WORKER_SETTINGS = {
  ...EXECUTOR_SETTINGS,
  site: text("The site it works for, with those below it. Default: that of the join token."),
  modules: {
    schema: z.union([z.string().transform((one) => one.split(",")), z.array(z.string())]),
    fallback: ["docker"],
    summary: "Modules a worker offers.",
  } satisfies Setting<string[]>,
} as const;

/** What both have in common, settled. */
export interface ExecutorConfiguration {
  readonly state: string;
  readonly name?: string;
  /** To join with by a token. */
  readonly join?: JoinFile;
  /** The same out of the machine's file, which other agents of this machine read too: for who has nothing of its own to join with. */
  readonly joinOnce?: JoinFile;
  /** To join with by the shared key. */
  readonly shared?: { readonly urls: readonly string[]; readonly key: string };
  readonly transport: Transport;
  /** Milliseconds between heartbeats, where that is less than the server says. */
  readonly heartbeat?: number;
  readonly logLevel: LogLevel;
}

/** Secrets are taken out of the environment: nothing that is started from here gets to see them. */
const SECRETS = ["GANTRY_JOIN_TOKEN", "GANTRY_SHARED_KEY"];

/** Errors: `configuration_invalid`, `joining_incomplete`. */
export async function agentConfiguration(flags: Readonly<Record<string, unknown>>, environment: NodeJS.ProcessEnv) {
  const { values, sources } = await resolveConfiguration(AGENT_SETTINGS, from(flags, environment));
  return { ...settled("agent", values, sources, environment), home: values.home };
}

/** Errors: `configuration_invalid`, `joining_incomplete`. */
export async function workerConfiguration(flags: Readonly<Record<string, unknown>>, environment: NodeJS.ProcessEnv) {
  const { values, sources } = await resolveConfiguration(WORKER_SETTINGS, from(flags, environment));
  // The key of a file that an agent shares is not meant for it.
  const common = settled("worker", { ...values, shared_key: null }, sources, environment);
  return { ...common, modules: values.modules, ...(values.site === null ? {} : { site: values.site }) };
}

function from(flags: Readonly<Record<string, unknown>>, environment: NodeJS.ProcessEnv) {
  return { flags, environment, files: configurationFiles(environment) };
}

type Values = {
  readonly [Name in keyof typeof EXECUTOR_SETTINGS]: (typeof EXECUTOR_SETTINGS)[Name] extends Setting<infer V>
    ? V
    : never;
};

function settled(
  kind: "agent" | "worker",
  values: Values,
  sources: Readonly<Record<"log_level" | "join_token", string>>,
  environment: NodeJS.ProcessEnv,
): ExecutorConfiguration {
  for (const name of SECRETS) delete environment[name];
  const { join_token: token, shared_key: key, server_address: urls, name } = values;
  if ((token !== null || key !== null) && urls.length === 0)
    throw new GantryError(JOINING_INCOMPLETE, "there is something to join with, and no address of a server");
  const named = name === null ? {} : { name };
  return {
    state: values.state ?? `/var/lib/gantry-${kind}`,
    ...named,
    ...(token === null ? {} : { [sources.join_token === "file" ? "joinOnce" : "join"]: { urls, token, ...named } }),
    ...(key === null ? {} : { shared: { urls, key } }),
    transport: values.transport,
    ...(values.heartbeat_interval === null ? {} : { heartbeat: values.heartbeat_interval * 1000 }),
    logLevel: values.debug && sources.log_level === "default" ? "debug" : values.log_level,
  };
}
