import { existsSync } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext, Module } from "../../link/index.ts";
import type { AgentRuntime } from "../agent-place.ts";
import { defineDriver, foundationType, notCreated, type Target, turns } from "../driver.ts";
import { hasAgent, type LxcAttributes, lxcAttributes } from "./attributes.ts";
import { createBridgeKeeper } from "./bridges.ts";
import { LXC_ADDRESS_INVALID, LXC_NEEDS_ROOT } from "./errors.ts";
import {
  allContainers,
  checkFree,
  draftOf,
  findContainer,
  foldersIn,
  makeFolder,
  placesOf,
  removeContainer,
  removeTree,
  writeJson,
} from "./folder.ts";
import { interfacesOf } from "./interfaces.ts";
import { limitLines } from "./limits.ts";
import {
  configText,
  type ContainerRecord,
  madeOf,
  type Placement,
  placements,
  type Places,
  programOf,
} from "./model.ts";
import { ensureUnpacked, findOrigin, type Origin, removeProbes, removeTemplates, tryRuntime } from "./origin.ts";
import {
  awaitAgent,
  deliverJoin,
  killContainer,
  observationOf,
  seeContainer,
  startContainer,
  stopContainer,
  wakeContainer,
} from "./power.ts";
import { afterwards, type Under } from "./programs.ts";
import { ensureRuntime, removeRuntimes } from "./runtime.ts";

export interface LxcOptions {
  /** Where containers and all they need are kept, below a folder `lxc`. */
  readonly dataFolder: string;
  /** What agents run on. Asked once, when the first agent is to run. */
  runtime(): Promise<AgentRuntime>;
  /** Where a container reaches the server, given an address of this machine on the container's bridge. Default: where its join says. */
  serverUrls?(gateway: string): Promise<readonly string[]>;
  /** Containers at the same time. Default 8. */
  readonly limit?: number;
  /** Milliseconds `power_on` waits for the agent to join. Default 30,000. */
  readonly joinTimeout?: number;
  /** Milliseconds between SIGTERM and SIGKILL. Default 10,000. */
  readonly stopTimeout?: number;
}

export const lxcFoundations = foundationType("lxc", lxcAttributes);

/** Of LXC itself: which system calls a container may make. */
const SECCOMP = "/usr/share/lxc/config/common.seccomp";

/** The driver of containers of LXC on this machine. */
export function createLxcModule(options: LxcOptions): Module {
  const folders = foldersIn(resolve(options.dataFolder, "lxc"));
  const bridges = createBridgeKeeper(folders);
  const inTurn = turns();
  const { joinTimeout = 30_000, stopTimeout = 10_000 } = options;
  /** Root file systems in which Node has run, each with the folder of its runtime. */
  const fit = new Set<string>();
  let runtime: Promise<AgentRuntime> | undefined;
  /** The tidying that waits for its turn: it sees to whatever goes before that. */
  let waiting: Promise<void> | undefined;

  /** Asked again after a failure. */
  async function agentRuntime(): Promise<AgentRuntime> {
    runtime ??= options.runtime();
    try {
      return await runtime;
    } catch (error) {
      runtime = undefined;
      throw error;
    }
  }

  async function existing(target: Target): Promise<{ readonly places: Places; readonly record: ContainerRecord }> {
    const record = await findContainer(folders, target);
    if (record === undefined) throw notCreated(target, "has no container");
    return { places: placesOf(folders, target), record };
  }

  /** Removes what only removed containers needed. */
  function tidy(under: Under): Promise<void> {
    waiting ??= inTurn("shared", async () => {
      waiting = undefined;
      const all = await allContainers(folders);
      // The runtime goes with the last agent, and what was compiled of it as well: the next one is tried again.
      if (all.every(({ runtime: hash }) => hash === null)) fit.clear();
      await bridges.removeUnused(new Set(all.flatMap(({ networks }) => networks.map(({ name }) => name))), under);
      await removeProbes(folders, under);
      await removeTemplates(folders, new Set(all.flatMap(({ template }) => template ?? [])));
      await removeRuntimes(folders, new Set(all.flatMap(({ runtime: hash }) => hash ?? [])));
    });
    return waiting;
  }

  /** Stops and removes the container; what is left of an attempt, too. */
  async function remove(target: Target, record: ContainerRecord | undefined, under: Under): Promise<void> {
    if (record !== undefined) await killContainer(placesOf(folders, target), under);
    await removeContainer(folders, target, record !== undefined);
  }

  /** What is shared, by one call at a time: the unpacked tarball, and the runtime, which is tried on it. */
  function ensureShared(
    origin: Origin,
    attributes: LxcAttributes,
    agent: AgentRuntime | undefined,
    context: FunctionContext,
  ): Promise<string | undefined> {
    return inTurn("shared", async () => {
      context.signal.throwIfAborted();
      await ensureUnpacked(folders, origin, attributes.content, context);
      if (agent === undefined) return undefined;
      const folder = await ensureRuntime(folders, agent);
      const key = `${origin.lower} ${folder}`;
      if (!fit.has(key)) await tryRuntime(folders, origin, folder, context);
      // What is not ours may change.
      if (origin.template !== null) fit.add(key);
      return folder;
    });
  }

  async function make(
    target: Target,
    attributes: LxcAttributes,
    origin: Origin,
    context: FunctionContext,
  ): Promise<void> {
    const limits = limitLines(attributes);
    const agent = hasAgent(attributes) ? await agentRuntime() : undefined;
    const draft = draftOf(folders, target.id);
    await removeTree(draft.folder);
    await makeFolder(draft.upper);
    const record: ContainerRecord = {
      id: target.id,
      made: madeOf(target, attributes),
      template: origin.template,
      runtime: agent?.hash ?? null,
      program: programOf(attributes),
      networks: attributes.networks,
      interfaces: [],
    };
    // First of all, so that nobody removes what it stands on.
    await writeJson(draft.record, record);
    const found = await inTurn("shared", () => bridges.ensure(attributes.networks, context));
    const interfaces = placements(target, attributes.networks, found);
    checkReachable(target, attributes, interfaces);
    const folder = await ensureShared(origin, attributes, agent, context);
    context.signal.throwIfAborted();
    const places = placesOf(folders, target);
    const config = configText(target, attributes, {
      places,
      lower: origin.lower,
      interfaces,
      limits,
      files: await filesAmong(attributes.mounts.flatMap(({ source }) => source ?? [])),
      ...(existsSync(SECCOMP) ? { seccomp: SECCOMP } : {}),
      ...(folder === undefined ? {} : { runtime: folder }),
    });
    await writeFile(draft.config, config, { mode: 0o600 });
    await writeNames(draft, target, interfaces);
    await writeJson(draft.record, { ...record, interfaces });
    await rename(draft.folder, places.folder);
  }

  /** Where the container reaches the server, by the addresses of its bridges. */
  async function nearUrls(record: ContainerRecord, under: Under): Promise<readonly string[]> {
    const near: string[] = [];
    for (const { addresses } of await inTurn("shared", () => bridges.ensure(record.networks, under))) {
      // IPv4 first: the kernel may still be asking around for an address of IPv6.
      const [first] = addresses.toSorted(
        (one, other) => Number(one.address.includes(":")) - Number(other.address.includes(":")),
      );
      if (first !== undefined) near.push(...((await options.serverUrls?.(first.address)) ?? []));
    }
    return near;
  }

  return defineDriver({
    name: "lxc",
    limit: options.limit ?? 8,
    attributes: lxcAttributes,
    operations: {
      async create(target, context) {
        checkRights();
        const { attributes } = target;
        const there = await findContainer(folders, target);
        const places = placesOf(folders, target);
        const container = basename(places.folder);
        if (there?.made === madeOf(target, attributes)) return { container, adopted: true };
        const origin = await findOrigin(folders, attributes, context);
        if (there === undefined) await checkFree(folders, target);
        if (there !== undefined) {
          context.message(`container ${container} was made of something else and is replaced`);
          await remove(target, there, context);
        }
        try {
          await make(target, attributes, origin, context);
        } catch (error) {
          await removeTree(draftOf(folders, target.id).folder);
          // What fails here is left to the next attempt: the error that brought us here says more.
          await tidy(afterwards(context)).catch(() => undefined);
          throw error;
        }
        return { container, adopted: false };
      },
      async destroy(target, context) {
        const record = await findContainer(folders, target);
        await remove(target, record, context);
        await tidy(context);
        return { removed: record !== undefined };
      },
      async powerOn(target, context) {
        const { places, record } = await existing(target);
        const container = basename(places.folder);
        const { state } = await seeContainer(places, context);
        if (state === "RUNNING") return { power: "on", adopted: true, container };
        if (state === "FROZEN") {
          await wakeContainer(places, context);
          return { power: "on", adopted: false, container };
        }
        const agent = record.runtime !== null;
        const near = await nearUrls(record, context);
        const joins = agent && (await deliverJoin(places, target, near));
        const pid = await startContainer(places, record, context);
        if (!agent) return { power: "on", adopted: false, container };
        const ready = await awaitAgent(places, target, { pid, joins, limit: joinTimeout }, context);
        return { power: "on", adopted: false, container, ready };
      },
      async powerOff(target, context) {
        const record = await findContainer(folders, target);
        if (record !== undefined) await stopContainer(placesOf(folders, target), record, stopTimeout, context);
        return { power: "off" };
      },
      async interfaceMap(target, context) {
        const { places, record } = await existing(target);
        const { pid } = await seeContainer(places, context);
        return interfacesOf(record, pid, context);
      },
      async observe(target, context) {
        const record = await findContainer(folders, target);
        if (record === undefined) return { exists: false, power: "off", detail: "it has no container" };
        const places = placesOf(folders, target);
        return observationOf(places, await seeContainer(places, context));
      },
    },
  });
}

/** Throws `lxc_needs_root`. */
function checkRights(): void {
  if (process.getuid?.() !== 0)
    throw new GantryError(LXC_NEEDS_ROOT, "only root can make containers of LXC, and this worker is not");
}

/** Those of the paths that are files. One that is not there is complained of when the container starts. */
async function filesAmong(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return new Set(paths.filter((_, index) => found[index]?.isFile() === true));
}

/** Throws `lxc_address_invalid` for an agent that could not call anybody. */
function checkReachable(target: Target, attributes: LxcAttributes, interfaces: readonly Placement[]): void {
  if (!hasAgent(attributes) || interfaces.some(({ addresses }) => addresses.length > 0)) return;
  throw new GantryError(
    LXC_ADDRESS_INVALID,
    `foundation ${target.name} has an agent and no address: give the structure on it one in a network of the foundation`,
  );
}

/** Its own name, and that of this machine's loopback: what few root file systems bring, and most programs look for. */
async function writeNames(draft: Places, target: Target, interfaces: readonly Placement[]): Promise<void> {
  const folder = join(draft.upper, "etc");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const own = interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => `${address}\t${target.hostname}`));
  const lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", ...own];
  await writeFile(join(folder, "hosts"), `${lines.join("\n")}\n`);
  await writeFile(join(folder, "hostname"), `${target.hostname}\n`);
}
