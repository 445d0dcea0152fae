import { type Random, systemRandom } from "../../kernel/ids.ts";
import type { FunctionContext, Module } from "../../link/index.ts";
import { defineDriver, foundationType, type Interface, notCreated, type Target, turns } from "../driver.ts";
import { engineAddress, namedEngine } from "./address.ts";
import { type AgentRuntime, RUNTIME } from "../agent-place.ts";
import { dockerAttributes, hasAgent } from "./attributes.ts";
import { createEngineClient, type EngineClient, isRefusal } from "./client.ts";
import { deliverJoin, ensureImage, findContainer, makeContainer } from "./container.ts";
import { type Container, createEngine, type Engine } from "./engine.ts";
import { LABEL, runtimeName } from "./names.ts";
import { removeUnusedNetworks } from "./networks.ts";
import { ownerName } from "./owner.ts";
import { awaitAgent, observationOf, powerOf, startContainer } from "./power.ts";
import { createRuntimeKeeper, type RuntimeKeeper } from "./runtime.ts";
import { PORT_FUNCTIONS, SPECIFICATION, specified } from "./specification.ts";

export interface DockerOptions {
  /** DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH. Default: those of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What agents run on. Asked once, when the first agent is to run. */
  runtime(): Promise<AgentRuntime>;
  /**
   * Where a container reaches the server, given the address of the engine's machine in the container's network. The server opens a
   * listener there, if that machine is its own. The agent tries these before those of its join. Default: none.
   */
  serverUrls?(gateway: string): Promise<readonly string[]>;
  /** Containers at the same time. Default 4. */
  readonly limit?: number;
  /** Milliseconds `power_on` waits for the agent to join. Default 30,000. */
  readonly joinTimeout?: number;
  /** Seconds between SIGTERM and SIGKILL. Default 10. */
  readonly stopTimeout?: number;
  readonly random?: Random;
}

export const dockerFoundations = foundationType("docker", dockerAttributes);

const CLEANUP_MILLISECONDS = 30_000;

/** The driver of containers on a Docker engine. Nothing is looked at, not even DOCKER_HOST, before a function is called. */
export function createDockerModule(options: DockerOptions): Module {
  /** By the address of the engine. */
  const engines = new Map<string, { readonly client: EngineClient; readonly keeper: RuntimeKeeper }>();
  const inTurn = turns();
  const { joinTimeout = 30_000, stopTimeout = 10 } = options;
  const owner = `${ownerName()} ${(options.random ?? systemRandom).token(6)}`;
  let runtime: Promise<AgentRuntime> | undefined;

  /** The engine of a foundation, with what was brought into it. Throws `docker_host_unsupported`. */
  function homeOf(target: Target): { readonly client: EngineClient; readonly keeper: RuntimeKeeper } {
    const address = namedEngine(target) ?? engineAddress(options.environment ?? process.env);
    const key = JSON.stringify(address);
    let home = engines.get(key);
    if (home === undefined) {
      home = { client: createEngineClient(address), keeper: createRuntimeKeeper(owner) };
      engines.set(key, home);
    }
    return home;
  }

  function engineFor(target: Target, { signal }: { readonly signal: AbortSignal }): Engine {
    return createEngine(homeOf(target).client, signal);
  }

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

  async function existing(engine: Engine, target: Target): Promise<Container> {
    const container = await findContainer(engine, target.id);
    if (container === undefined) throw notCreated(target, "has no container");
    return container;
  }

  /** Removes what only removed containers needed. Not while another foundation's networks are being looked for. */
  function tidy(engine: Engine, keeper: RuntimeKeeper): Promise<void> {
    return inTurn("networks", async () => {
      await keeper.removeStaleHelpers(engine);
      await removeUnusedNetworks(engine);
      for (const volume of await engine.volumes({ label: [LABEL.runtime] })) {
        await engine.removeVolume(volume).catch((error: unknown) => {
          // 409: a container uses it. 404: gone since.
          if (!isRefusal(error, 409) && !isRefusal(error, 404)) throw error;
        });
      }
    });
  }

  /**
   * Acts after a failure, also after a cancel, which ends all other requests. What fails here is left to the next attempt: the error
   * that brought us here says more. Returns whether it went well.
   */
  async function afterwards(
    target: Target,
    context: FunctionContext,
    act: (engine: Engine) => Promise<unknown>,
  ): Promise<boolean> {
    const limit = new AbortController();
    const disarm = context.clock.after(CLEANUP_MILLISECONDS, () => limit.abort());
    try {
      await act(engineFor(target, limit));
      return true;
    } catch {
      return false;
    } finally {
      disarm();
    }
  }

  async function rollBack(engine: Engine, target: Target): Promise<void> {
    const container = await findContainer(engine, target.id);
    // What has run before is not what this create made.
    if (container?.State.Status === "created") await engine.removeContainer(container.Id);
    await tidy(engine, homeOf(target).keeper);
  }

  return defineDriver({
    name: "docker",
    limit: options.limit ?? 4,
    attributes: dockerAttributes,
    createParameters: SPECIFICATION,
    functions: PORT_FUNCTIONS,
    operations: {
      async create(target, context, given) {
        const engine = engineFor(target, context);
        const attributes = specified(target.attributes, given);
        const image = await ensureImage(engine, attributes, context);
        const agent = hasAgent(attributes) ? await agentRuntime() : undefined;
        try {
          const volume = agent === undefined ? {} : { runtime: runtimeName(agent.hash) };
          const { container, adopted } = await inTurn("networks", () =>
            makeContainer(engine, target, attributes, { image, ...volume }, context),
          );
          if (agent !== undefined && container.State.Status === "created") {
            const use = { container: container.Id, image, imageName: attributes.image, runtime: agent, discard };
            await homeOf(target).keeper.ensure(engine, use, context);
            await deliverJoin(engine, target, container, serverUrls);
          }
          const { Id } = container;
          return { container: container.Name.slice(1), id: Id, docker_id: Id, adopted };
        } catch (error) {
          await afterwards(target, context, (last) => rollBack(last, target));
          throw error;
        }

        function discard(helper: string): Promise<boolean> {
          return afterwards(target, context, (last) => last.removeContainer(helper));
        }
      },
      async destroy(target, context) {
        const engine = engineFor(target, context);
        const ids = await engine.containers({ label: [`${LABEL.foundation}=${target.id}`] });
        for (const id of ids) await engine.removeContainer(id);
        await tidy(engine, homeOf(target).keeper);
        return { removed: ids.length > 0 };
      },
      async powerOn(target, context) {
        const engine = engineFor(target, context);
        const container = await existing(engine, target);
        const name = container.Name.slice(1);
        if (powerOf(container) === "on") return { power: "on", adopted: true, container: name };
        const agent = container.Config.Labels[LABEL.agent] === "true";
        if (agent && !(await engine.hasPath(container.Id, RUNTIME.complete)))
          throw notCreated(target, "was left half made");
        const joins = agent && (await deliverJoin(engine, target, container, serverUrls));
        await startContainer(engine, container);
        const ready = agent
          ? await awaitAgent(engine, target, container, { joins, limit: joinTimeout }, context)
          : undefined;
        return { power: "on", adopted: false, container: name, ...(ready === undefined ? {} : { ready }) };
      },
      async powerOff(target, context) {
        const engine = engineFor(target, context);
        const container = await findContainer(engine, target.id);
        if (container !== undefined) await engine.stop(container.Id, stopTimeout);
        return { power: "off" };
      },
      async interfaceMap(target, context) {
        return interfacesOf(await existing(engineFor(target, context), target));
      },
      async observe(target, context) {
        const container = await findContainer(engineFor(target, context), target.id);
        return container === undefined
          ? { exists: false, power: "off", detail: "it has no container" }
          : observationOf(container);
      },
    },
  });

  async function serverUrls(gateway: string): Promise<readonly string[]> {
    return (await options.serverUrls?.(gateway)) ?? [];
  }
}

/** Docker numbers the interfaces in the order of the networks' names. */
function interfacesOf(container: Container): readonly Interface[] {
  const networks = Object.entries(container.NetworkSettings.Networks).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return networks.map(([network, end], index) => ({
    name: `eth${index}`,
    mac: end.MacAddress || null,
    addresses: end.IPAddress === "" ? [] : [{ address: end.IPAddress, prefix: end.IPPrefixLen }],
    network,
    gateway: end.Gateway || null,
  }));
}
