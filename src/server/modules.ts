import { createDockerModule, dockerFoundations } from "../drivers/docker/index.ts";
import type { FoundationType } from "../drivers/index.ts";
import { createIpmiModule, ipmiFoundations } from "../drivers/ipmi/index.ts";
import { createLocalModule, localFoundations } from "../drivers/local/index.ts";
import { createLxcModule, lxcFoundations } from "../drivers/lxc/index.ts";
import { manualFoundations } from "../drivers/manual/index.ts";
import { createQemuModule, qemuFoundations } from "../drivers/qemu/index.ts";
import { createNetModule } from "../drivers/net/index.ts";
import { createTestModule, testFoundations } from "../drivers/test/index.ts";
import { createSshModule } from "../drivers/ssh/index.ts";
import { createRedfishModule, redfishFoundations } from "../drivers/redfish/index.ts";
import type { Module } from "../link/index.ts";
import type { Reach } from "./reach.ts";
import { agentRuntime } from "./runtime.ts";

/**
 * Every module a worker can offer: one table for the worker inside the server, for `gantry worker --modules`, and for what documents are
 * checked against. A new one is a line here.
 *
 * Making a module does nothing and loads nothing heavy: its folder's `index.ts` holds its functions with their parameters, and imports what
 * else it needs when one of them is called first.
 */
const MODULES: Readonly<Record<string, KnownModule>> = {
  local: {
    foundations: localFoundations,
    embedded: true,
    make: ({ dataFolder, agentCommand }) => createLocalModule({ dataFolder, agentCommand }),
  },
  docker: {
    foundations: dockerFoundations,
    embedded: true,
    make: ({ environment, serverUrls }) =>
      createDockerModule({
        environment,
        runtime: agentRuntime,
        ...(serverUrls === undefined ? {} : { serverUrls }),
      }),
  },
  lxc: {
    foundations: lxcFoundations,
    embedded: true,
    make: ({ dataFolder, serverUrls }) =>
      createLxcModule({
        dataFolder,
        runtime: agentRuntime,
        ...(serverUrls === undefined ? {} : { serverUrls }),
      }),
  },
  qemu: {
    foundations: qemuFoundations,
    embedded: true,
    make: ({ dataFolder }) => createQemuModule({ dataFolder }),
  },
  ipmi: {
    foundations: ipmiFoundations,
    embedded: true,
    make: () => createIpmiModule(),
  },
  redfish: {
    foundations: redfishFoundations,
    embedded: true,
    make: () => createRedfishModule(),
  },
  test: {
    foundations: testFoundations,
    embedded: true,
    make: ({ dataFolder }) => createTestModule({ dataFolder }),
  },
  net: { embedded: true, make: () => createNetModule() },
  // Wherever programs may be run on the server's own machine, `ssh` could be one of them.
  ssh: { embedded: true, make: () => createSshModule() },
};

interface KnownModule {
  /** Of a driver: the type of foundation it makes. Left out: it makes none. */
  readonly foundations?: FoundationType;
  /** Whether the worker inside the server offers it. */
  readonly embedded?: boolean;
  make(place: ModulePlace): Module;
}

/** What a module may use of the process it works in. */
export interface ModulePlace {
  /** Where it may keep what must be there again after a restart, in a folder of its own. Two workers on one machine may share it. */
  readonly dataFolder: string;
  /** Program and first arguments that start an agent on this machine. */
  readonly agentCommand: readonly string[];
  /** `DOCKER_HOST` and its like. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Where foundations on this machine reach the server, given the address of the machine in their network. Left out: where the token they
   * join with says.
   */
  serverUrls?(gateway: string): Promise<readonly string[]>;
}

/** What there is, sorted. */
export const MODULE_NAMES: readonly string[] = Object.keys(MODULES).sort();

/** Undefined when there is no such module. */
export function makeModule(name: string, place: ModulePlace): Module | undefined {
  return Object.hasOwn(MODULES, name) ? MODULES[name]?.make(place) : undefined;
}

/** The modules of the worker inside the server. */
export function embeddedModules({
  thisMachine,
  reach,
  ...place
}: Omit<ModulePlace, "serverUrls"> & {
  /** False: none, where those who write foundations are not to do things as the server's user, on its machine and in its networks. */
  readonly thisMachine: boolean;
  readonly reach: Reach;
}): readonly Module[] {
  if (!thisMachine) return [];
  const here: ModulePlace = { ...place, serverUrls: (gateway) => reach.through(gateway) };
  return Object.values(MODULES).flatMap(({ embedded, make }) => (embedded === true ? [make(here)] : []));
}

/** A place where nothing can be done: for modules that are only described. */
const NOWHERE: ModulePlace = { dataFolder: "/nonexistent", agentCommand: [], environment: {} };

let described: { readonly drivers: readonly Module[]; readonly others: readonly Module[] } | undefined;

/**
 * All modules with their functions, parameters and rules, to be read and never to be called: drivers, which make foundations and are called by
 * `foundation`, and others, which are called by their own name.
 */
export function describedModules(): { readonly drivers: readonly Module[]; readonly others: readonly Module[] } {
  if (described === undefined) {
    const all = Object.values(MODULES).map((known) => ({ known, module: known.make(NOWHERE) }));
    const made = (drivers: boolean) =>
      all.filter(({ known }) => (known.foundations !== undefined) === drivers).map(({ module }) => module);
    described = { drivers: made(true), others: made(false) };
  }
  return described;
}

/** Every type of foundation there is. */
export const FOUNDATIONS: readonly FoundationType[] = [
  ...Object.values(MODULES).flatMap(({ foundations }) => foundations ?? []),
  // The server itself asks a person.
  manualFoundations,
];
