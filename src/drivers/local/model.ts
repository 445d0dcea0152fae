import { join } from "node:path";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { contains, parseAddress, parseBlock } from "../../network/index.ts";
import { LOCAL_ADDRESS_INVALID } from "./errors.ts";

/** A local foundation has no attributes: all of them are alike. */
export const localAttributes = z.strictObject({});

/** Name of the variable that every process of a foundation inherits; its value is the foundation's id. */
export const MARKER = "GANTRY_FOUNDATION";

/** Where things of one foundation are. */
export interface Places {
  readonly folder: string;
  /** Whose folder it is. */
  readonly record: string;
  /** Home for files: what scripts see as the machine's folder. */
  readonly root: string;
  /** The agent's own. */
  readonly state: string;
  readonly join: string;
  readonly identity: string;
  /** The agent's services: a folder each, with a record. */
  readonly services: string;
  /** Says which process works with the state. */
  readonly lock: string;
  /** The agent's process, as last seen. */
  readonly process: string;
  readonly log: string;
}

export function placesIn(folder: string): Places {
  return {
    folder,
    record: join(folder, "foundation.json"),
    root: join(folder, "root"),
    state: join(folder, "state"),
    join: join(folder, "state", "join.json"),
    identity: join(folder, "state", "identity.json"),
    services: join(folder, "state", "services"),
    lock: join(folder, "state", "lock"),
    process: join(folder, "agent.json"),
    log: join(folder, "agent.log"),
  };
}

/** Everything behind the program that starts the agent. */
export function agentArguments(places: Places): readonly string[] {
  return ["--state", places.state, "--home", places.root];
}

const INHERITED =
  /^(PATH|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|USER|LOGNAME|SHELL|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|(https?|no|all)_proxy)$/i;

/**
 * The agent's environment: little of ours, because ours may hold secrets. `node` is found there first as the program this very
 * process runs on, whatever the machine has.
 */
export function agentEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  agent: { readonly id: string; readonly home: string; readonly nodeFolder: string },
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(ours)) {
    if (value !== undefined && INHERITED.test(name)) environment[name] = value;
  }
  const path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  return { ...environment, PATH: `${agent.nodeFolder}:${path}`, HOME: agent.home, [MARKER]: agent.id };
}

/** Throws `local_address_invalid` for an address that is not a loopback one of IPv4: nothing else is there without privileges. */
export function checkAddresses(name: string, addresses: readonly string[]): void {
  const loopback = parseBlock("127.0.0.0/8");
  for (const address of addresses) {
    let inside: boolean;
    try {
      inside = contains(loopback, parseAddress(address));
    } catch (error) {
      throw new GantryError(LOCAL_ADDRESS_INVALID, `foundation ${name}: ${messageOf(error)}`, { cause: error });
    }
    if (!inside) {
      throw new GantryError(
        LOCAL_ADDRESS_INVALID,
        `foundation ${name} is local, and ${address} is not an address of 127.0.0.0/8`,
      );
    }
  }
}

/** A running process, as /proc shows it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks since boot: with the pid it names one process for good. */
  readonly start: string;
}

/**
 * All that descends from `seeds`, the seeds included: children of children, and who shares a session that one of them leads.
 * For programs that write their title over their environment, where the marker cannot be read any more.
 */
export function familyOf(all: readonly Process[], seeds: ReadonlySet<number>): readonly Process[] {
  const family = new Set(seeds);
  for (let size = -1; size !== family.size;) {
    size = family.size;
    for (const one of all) {
      if (family.has(one.parent) || family.has(one.session)) family.add(one.pid);
    }
  }
  return all.filter((one) => family.has(one.pid));
}
