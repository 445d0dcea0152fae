import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { ZodError } from "zod";
import {
  type Architecture,
  bootstrap as bootstrapAll,
  BOOTSTRAP_NOT_CONNECTED,
  type BootstrapHost,
  CATALOGUE_INVALID,
  hostsOf,
  type Outcome,
  usualKnownHosts,
} from "../bootstrap/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type JsonObject } from "../kernel/json.ts";
import { serverUrl } from "../link/index.ts";
import { createRenderer } from "../templates/index.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { connections, nodeNamed } from "./node-connections.ts";
import { type Column, printList } from "./output.ts";
import { serverState } from "./server/background.ts";
import { printable } from "./terminal.ts";
import { parseYaml } from "./yaml.ts";

/** `gantry bootstrap CATALOGUE…`. */

const COLUMNS: readonly Column<Outcome>[] = [
  { heading: "HOST", value: (row) => printable(row.host) },
  { heading: "NODE", value: (row) => printable(row.node ?? "-") },
  { heading: "RESULT", value: (row) => row.result },
  { heading: "", value: (row) => printable(row.said) },
];

/** Seconds a join token of a machine is good. */
const TOKEN_SECONDS = 3600;
/** Milliseconds an agent that was started has until it is connected. */
const PATIENCE = 60_000;

export async function bootstrap(
  context: CommandContext,
  options: Record<string, unknown>,
  paths: readonly string[],
): Promise<number> {
  const hosts = await readCatalogues(paths);
  const urls = await serverUrls(context, options, hosts);
  const atOnce = Number(options["parallel"] ?? 50);
  if (!(Number.isInteger(atOnce) && atOnce >= 1 && atOnce <= 50))
    throw new GantryError(USAGE, `--parallel ${String(options["parallel"])} is not a number from 1 to 50`);
  const knownHosts = options["knownHosts"] as string | undefined;
  const { client } = context;
  await using watch = await connections(client);
  const outcomes = await bootstrapAll(hosts, {
    ssh: {
      keys: options["key"] as readonly string[] | undefined,
      agent: process.env["SSH_AUTH_SOCK"] || undefined,
      forwardAgent: options["forwardAgent"] === true,
      knownHosts: knownHosts === undefined ? usualKnownHosts() : [knownHosts],
      acceptNew: options["acceptNew"] === true,
    },
    atOnce,
    folder: process.cwd(),
    nodes: nodesOf(options["node"] as readonly string[] | undefined),
    known: async (name) => (await nodeNamed(client, name)) !== undefined,
    async joinFile(name) {
      const { token } = await client.joinTokens.create({ role: "agent", name, expiresIn: TOKEN_SECONDS });
      return JSON.stringify({ urls, token, name });
    },
    async connected(name, anew) {
      if (!anew && (await nodeNamed(client, name))?.state === "connected") return;
      if (!(await watch.next(name, PATIENCE)))
        throw new GantryError(
          BOOTSTRAP_NOT_CONNECTED,
          `${name} has not connected in a minute: can it reach ${urls.join(", ")}?`,
        );
    },
    ended: ({ host, node, result }) =>
      context.terminal.error(`${printable(host)}${node === null ? "" : ` (${printable(node)})`}: ${result}\n`),
  });
  printList(context.terminal, context.output, COLUMNS, outcomes, "The catalogue names no machine.");
  return outcomes.some(({ result }) => result === "failed") ? EXIT.failed : EXIT.ok;
}

/** Jobs are rendered with all that the catalogues hold. */
async function readCatalogues(paths: readonly string[]): Promise<readonly BootstrapHost[]> {
  const catalogues = await Promise.all(paths.map(readCatalogue));
  try {
    const hosts = hostsOf(catalogues);
    const values: JsonObject = Object.assign({}, ...catalogues);
    const renderer = createRenderer({ clock: systemClock });
    try {
      return await Promise.all(
        hosts.map(async (host) => ({
          ...host,
          jobs: await Promise.all(
            host.jobs.map(async (job) => ({
              ...job,
              text: await renderer.render({
                name: `${job.verb} for ${host.host}`,
                text: job.text,
                values: { ...values, host: host.host },
                mode: "strict",
              }),
            })),
          ),
        })),
      );
    } finally {
      await renderer.close();
    }
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const said = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new GantryError(CATALOGUE_INVALID, `${paths.join(", ")}: ${said.join("; ")}`, { cause: error });
  }
}

async function readCatalogue(path: string): Promise<JsonObject> {
  const text = await readFile(resolve(path), "utf8").catch((error: unknown) => {
    throw new GantryError(CATALOGUE_INVALID, `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  });
  const value = parseYaml(text, path);
  if (!isJsonObject(value)) throw new GantryError(CATALOGUE_INVALID, `${path} is not a map`);
  return value;
}

/** Where the machines reach the server. */
async function serverUrls(
  context: CommandContext,
  options: Record<string, unknown>,
  hosts: readonly BootstrapHost[],
): Promise<readonly string[]> {
  const given = options["server"] as readonly string[] | undefined;
  if (given !== undefined) return given.map(serverUrl);
  const { endpoint } = context;
  const urls = endpoint === undefined ? ((await serverState(context)).record?.urls ?? []) : [endpoint.url];
  const near = urls.filter((url) => isLoopback(new URL(url).hostname));
  const far = hosts.find(({ part, host }) => part === "agents" && !isLoopback(host));
  if (near.length === urls.length && far !== undefined)
    throw new GantryError(
      USAGE,
      `the server listens on this machine alone (${urls.join(", ") || "it does not run"}): ${far.host} cannot reach it`,
      {
        hint: "Let it listen on an address of its own (`listen`), or say with --server how it is reached.",
      },
    );
  return urls;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function nodesOf(given: readonly string[] | undefined): Partial<Record<Architecture, string>> {
  return Object.fromEntries(
    (given ?? []).map((text) => {
      const [, architecture = "", path = ""] = /^(x64|arm64)=(.+)$/.exec(text) ?? [];
      if (path === "") throw new GantryError(USAGE, `--node ${text} is not x64=FILE or arm64=FILE`);
      return [architecture, resolve(path)];
    }),
  );
}
