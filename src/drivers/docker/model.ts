import { createHash } from "node:crypto";
import { GantryError } from "../../kernel/errors.ts";
import { canonicalJson, type Json, type JsonObject } from "../../kernel/json.ts";
import {
  type AddressBlock,
  addressAt,
  contains,
  formatAddress,
  parseAddress,
  parseBlock,
} from "../../network/index.ts";
import { agentArguments, agentPath, RUNTIME } from "../agent-place.ts";
import type { Target } from "../driver.ts";
import { type DockerAttributes, hasAgent, type NetworkUse } from "./attributes.ts";
import { DOCKER_ADDRESS_INVALID } from "./errors.ts";
import { LABEL, SPECIAL_NETWORKS } from "./names.ts";

/** From attributes to what the engine is asked for. */

/** A network as the engine has it. */
export interface NetworkInfo {
  readonly name: string;
  /** `172.30.80.0/24`; none for `host` and `none`. */
  readonly subnets: readonly string[];
  readonly gateway?: string;
}

/** A container's place in a network. */
export interface Placement {
  readonly network: string;
  readonly address?: string;
}

/** Where a container gets which address: each address in the first network whose subnet holds it. Throws `docker_address_invalid`. */
export function placements(
  target: Target,
  uses: readonly NetworkUse[],
  networks: readonly NetworkInfo[],
): readonly Placement[] {
  const held = new Map<string, string>();
  function give(network: string, address: string): void {
    const other = held.get(network);
    if (other !== undefined && other !== address) {
      throw invalid(
        target,
        `both ${other} and ${address} lie in network ${network}, and Docker gives a container one of each`,
      );
    }
    held.set(network, address);
  }
  for (const { name, address } of uses) if (address !== undefined) give(name, address);
  // On the host's own network, addresses are the host's business.
  const wanted = uses.some(({ name }) => name === "host") ? [] : target.addresses;
  for (const address of wanted) {
    const home = networks.find(
      ({ name, subnets }) => !SPECIAL_NETWORKS.has(name) && subnets.some((subnet) => holds(subnet, address)),
    );
    if (home === undefined) {
      const known = networks.flatMap(({ name, subnets }) => subnets.map((subnet) => `${name} ${subnet}`)).join(", ");
      throw invalid(target, `${address} lies in none of its networks${known === "" ? "" : ` (${known})`}`);
    }
    give(home.name, address);
  }
  return uses.map(({ name }) => {
    const address = held.get(name);
    return address === undefined ? { network: name } : { network: name, address };
  });
}

/** What the engine is asked to make of a network that it does not have. */
export function networkBody(use: NetworkUse & { readonly subnet: string }): JsonObject {
  const gateway = use.gateway ?? firstAddress(use.subnet);
  return {
    Name: use.name,
    Driver: "bridge",
    CheckDuplicate: true,
    IPAM: { Config: [{ Subnet: use.subnet, ...(gateway === undefined ? {} : { Gateway: gateway }) }] },
    Labels: { [LABEL.network]: "true" },
  };
}

/** The address Docker takes for the gateway of a subnet unless it is told another. */
export function firstAddress(subnet: string): string | undefined {
  const block = blockOf(subnet);
  return block === undefined ? undefined : formatAddress(addressAt(block, block.firstOffset));
}

/** Says whether two foundations would become the same container. */
export function configurationHash(target: Target, attributes: DockerAttributes): string {
  const { id, hostname, addresses } = target;
  const all = { id, hostname, addresses, attributes } as unknown as Json;
  return createHash("sha256").update(canonicalJson(all)).digest("hex");
}

/** What the container is made from, beside its attributes. */
export interface Ingredients {
  /** Variables of the image, `NAME=value`. */
  readonly environment: readonly string[];
  readonly placements: readonly Placement[];
  /** Volume with the runtime; needed with an agent. */
  readonly runtime?: string;
}

/** The body of `POST /containers/create`. */
export function containerBody(target: Target, attributes: DockerAttributes, from: Ingredients): JsonObject {
  const agent = hasAgent(attributes);
  const [first] = from.placements;
  return {
    Image: attributes.image,
    Hostname: target.hostname,
    Labels: {
      ...attributes.labels,
      [LABEL.foundation]: target.id,
      [LABEL.name]: target.name,
      [LABEL.agent]: String(agent),
      [LABEL.configuration]: configurationHash(target, attributes),
    },
    Env: environment(target, attributes, from.environment),
    ...(agent ? agentProcess(attributes) : ownProcess(attributes)),
    ExposedPorts: Object.fromEntries(attributes.ports.map((port) => [`${port.inside}/${port.protocol}`, {}])),
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: attributes.restart },
      Mounts: mounts(attributes, from.runtime),
      PortBindings: portBindings(attributes),
      ...(attributes.memory === undefined ? {} : { Memory: attributes.memory }),
      ...(attributes.cpus === undefined ? {} : { NanoCpus: Math.round(attributes.cpus * 1e9) }),
      ...(first === undefined ? {} : { NetworkMode: first.network }),
    },
    ...(first === undefined || SPECIAL_NETWORKS.has(first.network)
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [first.network]: endpoint(target, first) } } }),
  };
}

/** A container's end in a network. Others in the network find it by its name and its hostname, but on Docker's own bridge. */
export function endpoint(target: Target, { network, address }: Placement): JsonObject {
  return {
    ...(SPECIAL_NETWORKS.has(network) ? {} : { Aliases: [...new Set([target.name, target.hostname])] }),
    ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }),
  };
}

/** The mount of the runtime. Without `NoCopy`, Docker would put what the image has at this place into the shared volume. */
export function runtimeMount(volume: string, readOnly: boolean): JsonObject {
  return {
    Type: "volume",
    Source: volume,
    Target: RUNTIME.folder,
    ReadOnly: readOnly,
    VolumeOptions: { NoCopy: true, Labels: { [LABEL.runtime]: "true" } },
  };
}

/** The image is for its own program: what it says of users, signals and health does not hold for the agent. */
function agentProcess({ folder }: DockerAttributes): JsonObject {
  return {
    Entrypoint: [RUNTIME.node],
    Cmd: agentArguments(folder),
    WorkingDir: "/",
    User: "0:0",
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["NONE"] },
  };
}

function ownProcess({ command, folder, user }: DockerAttributes): JsonObject {
  return {
    ...(command === undefined ? {} : { Entrypoint: [], Cmd: command }),
    ...(folder === undefined ? {} : { WorkingDir: folder }),
    ...(user === undefined ? {} : { User: user }),
  };
}

/** The image's own programs are found first, then `node` of the runtime. */
function environment(target: Target, attributes: DockerAttributes, image: readonly string[]): readonly string[] {
  const all = new Map(Object.entries(attributes.environment).map(([name, value]) => [name, String(value)]));
  all.set("GANTRY_FOUNDATION", target.id);
  if (hasAgent(attributes)) {
    const ofImage = image.find((one) => one.startsWith("PATH="))?.slice("PATH=".length);
    all.set("PATH", agentPath(all.get("PATH") ?? ofImage));
  }
  return [...all].map(([name, value]) => `${name}=${value}`);
}

function mounts(attributes: DockerAttributes, runtime: string | undefined): readonly JsonObject[] {
  const own = attributes.mounts.map(({ source, target, read_only: readOnly }): JsonObject => {
    if (source === undefined) return { Type: "tmpfs", Target: target, ReadOnly: readOnly };
    return { Type: source.startsWith("/") ? "bind" : "volume", Source: source, Target: target, ReadOnly: readOnly };
  });
  return runtime === undefined ? own : [...own, runtimeMount(runtime, true)];
}

function portBindings(attributes: DockerAttributes): JsonObject {
  const bindings: Record<string, JsonObject[]> = {};
  for (const { address = "", host, inside, protocol } of attributes.ports) {
    const binding = { HostIp: address, HostPort: host === undefined ? "" : String(host) };
    (bindings[`${inside}/${protocol}`] ??= []).push(binding);
  }
  return bindings;
}

function holds(subnet: string, address: string): boolean {
  const block = blockOf(subnet);
  try {
    return block !== undefined && contains(block, parseAddress(address));
  } catch {
    return false;
  }
}

function blockOf(subnet: string): AddressBlock | undefined {
  try {
    return parseBlock(subnet);
  } catch {
    return undefined;
  }
}

function invalid(target: Target, what: string): GantryError {
  return new GantryError(DOCKER_ADDRESS_INVALID, `foundation ${target.name}: ${what}`);
}
