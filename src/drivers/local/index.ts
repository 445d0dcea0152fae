import { resolve } from "node:path";
import type { Module } from "../../link/index.ts";
import { defineDriver, foundationType, notCreated, type Target } from "../driver.ts";
import { type AgentOptions, findAgent, startAgent, stopAll, writeProcess } from "./agent.ts";
import { makeFolder, ownsFolder, placesOf, removeFolder } from "./folder.ts";
import { checkAddresses, localAttributes, type Places } from "./model.ts";

export interface LocalOptions {
  /** Gantry's data folder; foundations stand under `foundations/` in it. */
  readonly dataFolder: string;
  /** Program and first arguments that start an agent; `--state DIR --home DIR` follow. */
  readonly agentCommand: readonly string[];
  /** Foundations at the same time. Default 16. */
  readonly limit?: number;
  /** Milliseconds `power_on` waits for the agent to join. Default 15,000. */
  readonly joinTimeout?: number;
  /** Milliseconds between SIGTERM and SIGKILL. Default 10,000. */
  readonly stopTimeout?: number;
}

export const localFoundations = foundationType("local", localAttributes);

/** The driver of local foundations. Linux only: it reads /proc. */
export function createLocalModule(options: LocalOptions): Module {
  const foundations = resolve(options.dataFolder, "foundations");
  const agents: AgentOptions = {
    agentCommand: options.agentCommand,
    joinTimeout: options.joinTimeout ?? 15_000,
    stopTimeout: options.stopTimeout ?? 10_000,
  };

  /** Throws `foundation_not_created` unless the folder is there and the foundation's own. */
  async function existing(target: Target): Promise<Places> {
    const places = placesOf(foundations, target.name);
    if (!(await ownsFolder(places, target.id))) throw notCreated(target, `has no folder ${places.folder}`);
    return places;
  }

  return defineDriver({
    name: "local",
    limit: options.limit ?? 16,
    attributes: localAttributes,
    operations: {
      async create(target) {
        checkAddresses(target.name, target.addresses);
        const places = placesOf(foundations, target.name);
        const adopted = await makeFolder(places, target);
        return { folder: places.folder, adopted };
      },
      async destroy(target, context) {
        const places = placesOf(foundations, target.name);
        const stopped = await stopAll(places, target, agents, context);
        return { removed: await removeFolder(places, target.id), stopped };
      },
      async powerOn(target, context) {
        const places = await existing(target);
        checkAddresses(target.name, target.addresses);
        const running = await findAgent(places, target.id);
        if (running === undefined) {
          return { power: "on", adopted: false, ...(await startAgent(places, target, agents, context)) };
        }
        await writeProcess(places, running);
        return { power: "on", adopted: true, pid: running.pid };
      },
      async powerOff(target, context) {
        const stopped = await stopAll(placesOf(foundations, target.name), target, agents, context);
        return { power: "off", stopped };
      },
      async interfaceMap(target) {
        await existing(target);
        const addresses = target.addresses.map((address) => ({ address, prefix: 8 }));
        return [{ name: "lo", mac: null, addresses, network: null, gateway: null }];
      },
      async observe(target) {
        const places = placesOf(foundations, target.name);
        if (!(await ownsFolder(places, target.id))) {
          return { exists: false, power: "off", detail: `there is no folder ${places.folder} of it` };
        }
        const agent = await findAgent(places, target.id);
        return agent === undefined
          ? { exists: true, power: "off", detail: "its agent does not run" }
          : { exists: true, power: "on", detail: `its agent is process ${agent.pid}` };
      },
    },
  });
}
