import { GantryError } from "../../kernel/errors.ts";
import { nearest } from "../../kernel/nearest.ts";
import { blockText, parseBlock } from "../../network/index.ts";
import type { NetworkUse } from "./attributes.ts";
import { isRefusal } from "./client.ts";
import type { Engine, EngineNetwork } from "./engine.ts";
import { DOCKER_NETWORK_DIFFERS, DOCKER_NETWORK_MISSING } from "./errors.ts";
import { firstAddress, networkBody, type NetworkInfo } from "./model.ts";
import { LABEL } from "./names.ts";

/** The networks that containers are plugged into. One that says its subnet is made when missing, and removed when nobody uses it. */

/**
 * The networks as the engine has them, in the order of their use. Throws `docker_network_missing`, `docker_network_differs`.
 * Without any, a container gets the engine's own bridge.
 */
export async function ensureNetworks(engine: Engine, uses: readonly NetworkUse[]): Promise<readonly NetworkInfo[]> {
  const networks: NetworkInfo[] = [];
  for (const use of uses.length === 0 ? [{ name: "bridge" }] : uses) {
    networks.push(infoOf((await find(engine, use.name)) ?? (await make(engine, use)), use));
  }
  return networks;
}

/** The host's address in the first network that has one: where a container reaches the machine it is on. */
export async function hostAddress(engine: Engine, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const network = await find(engine, name);
    const gateway = network === undefined ? undefined : infoOf(network, { name }).gateway;
    if (gateway !== undefined) return gateway;
  }
  return undefined;
}

/** Removes networks that Gantry made and no container, running or not, is plugged into. */
export async function removeUnusedNetworks(engine: Engine): Promise<void> {
  for (const { Id } of await engine.networks({ label: [LABEL.network] })) {
    if ((await engine.containers({ network: [Id] })).length > 0) continue;
    try {
      await engine.removeNetwork(Id);
    } catch (error) {
      // 403: in use since we looked. 404: gone since.
      if (!isRefusal(error, 403) && !isRefusal(error, 404)) throw error;
    }
  }
}

/** The engine also finds a network by the beginning of its id, which is not what a name means. */
async function find(engine: Engine, name: string): Promise<EngineNetwork | undefined> {
  const network = await engine.network(name);
  return network?.Name === name ? network : undefined;
}

async function make(engine: Engine, use: NetworkUse): Promise<EngineNetwork> {
  const { name, subnet } = use;
  if (subnet !== undefined) {
    try {
      await engine.createNetwork(networkBody({ ...use, subnet }));
    } catch (error) {
      // 409: somebody else made it meanwhile.
      if (!isRefusal(error, 409)) throw error;
    }
    const made = await find(engine, name);
    if (made !== undefined) return made;
  }
  const known = (await engine.networks()).map(({ Name }) => Name);
  const meant = nearest(name, known);
  throw new GantryError(
    DOCKER_NETWORK_MISSING,
    `the Docker engine has no network ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  );
}

function infoOf(network: EngineNetwork, use: NetworkUse): NetworkInfo {
  const subnets = network.IPAM.Config.map(({ Subnet }) => Subnet).filter((subnet) => subnet !== "");
  if (use.subnet !== undefined && !subnets.includes(blockText(parseBlock(use.subnet)))) {
    throw new GantryError(
      DOCKER_NETWORK_DIFFERS,
      `network ${use.name} exists with subnet ${subnets.join(", ") || "of its own choice"}, and not ${use.subnet}`,
    );
  }
  const [first] = network.IPAM.Config;
  const gateway = first?.Gateway?.split("/")[0] || (first?.Subnet ? firstAddress(first.Subnet) : undefined);
  return { name: network.Name, subnets, ...(gateway === undefined ? {} : { gateway }) };
}
