import { z } from "zod";
import { parseAddress, parseBlock } from "../../network/index.ts";
import { HELD_FOLDERS } from "../agent-place.ts";
import { ENGINE_TEXT } from "./address.ts";
import { SPECIAL_NETWORKS } from "./names.ts";

/** What a document may say of a Docker foundation. */

const text = z.string().min(1);
const path = z.string().regex(/^\/(?!.*(^|\/)\.\.(\/|$))/, "is a path that begins with / and does not climb");

/** `80`, `8080:80`, `127.0.0.1:8080:80/udp`: as docker's own `--publish` reads them, but for ranges. */
const PORT =
  /^(?:(?:(?<address>[0-9.]+|\[[0-9a-fA-F:]+\]):)?(?<host>\d{1,5})?:)?(?<inside>\d{1,5})(?:\/(?<protocol>tcp|udp|sctp))?$/;

export interface Port {
  /** On the engine's machine; the engine's own default when absent: all of them. */
  readonly address?: string;
  /** On the engine's machine; the engine picks one when absent. */
  readonly host?: number;
  readonly inside: number;
  readonly protocol: string;
}

const port = z.union([z.int(), z.string()]).transform((value, context): Port => {
  const groups = PORT.exec(String(value))?.groups;
  const inside = Number(groups?.["inside"]);
  const host = groups?.["host"] === undefined ? undefined : Number(groups["host"]);
  if (groups === undefined || !isPort(inside) || (host !== undefined && !isPort(host))) {
    context.addIssue({
      code: "custom",
      message: `${value} is not a published port: [[ADDRESS:]PORT:]PORT[/tcp|udp|sctp]`,
    });
    return z.NEVER;
  }
  const address = groups["address"]?.replace(/^\[|\]$/g, "");
  return {
    ...(address === undefined ? {} : { address }),
    ...(host === undefined ? {} : { host }),
    inside,
    protocol: groups["protocol"] ?? "tcp",
  };
});

function isPort(number: number): boolean {
  return number >= 1 && number <= 65_535;
}

const network = z.union([
  text.transform((name) => ({ name })),
  z.strictObject({
    name: text,
    /** Says that the network is made when the engine does not have it. */
    subnet: z.string().refine(isSubnet, "is not a subnet of IPv4: ADDRESS/PREFIX").optional(),
    gateway: z.string().refine(isIpv4Text, "is not an address of IPv4").optional(),
    /** Of this container, beside those of the structures on it. */
    address: z.string().refine(isIpv4Text, "is not an address of IPv4").optional(),
  }),
]);

/** A source that begins with / is a folder or file of the engine's machine, another one a named volume, none is memory. */
const mount = z.strictObject({ source: text.optional(), target: path, read_only: z.boolean().default(false) });

export const dockerAttributes = z
  .strictObject({
    image: text,
    /** Default: that of the worker, `DOCKER_HOST`. */
    engine: z.string().regex(ENGINE_TEXT, "is not unix:///PATH, tcp://HOST:PORT or tcp://{host}:PORT").optional(),
    /** Folder with ca.pem, cert.pem and key.pem on the worker's machine: the connection is encrypted. */
    engine_certificates: path.optional(),
    /** False: a plain container that runs its own program. Default: true, unless there is a `command`. */
    agent: z.boolean().optional(),
    /** Program and arguments, in place of the image's; for a container without an agent. */
    command: z.array(z.string()).min(1).optional(),
    /** Home of the agent, or working folder of the command. */
    folder: path.optional(),
    user: text.optional(),
    environment: z.record(z.string().regex(/^[^=\0]+$/), z.union([z.string(), z.number(), z.boolean()])).default({}),
    mounts: z.array(mount).default([]),
    networks: z.array(network).default([]),
    ports: z.array(port).default([]),
    labels: z
      .record(z.string().regex(/^(?!gantry\.)/, "labels that begin with gantry. are taken"), z.string())
      .default({}),
    restart: z.enum(["no", "on-failure", "always", "unless-stopped"]).default("unless-stopped"),
    pull: z.enum(["missing", "always", "never"]).default("missing"),
    /** Bytes. */
    memory: z.int().min(6_291_456, "is less than Docker's least, 6291456 bytes").optional(),
    cpus: z.number().positive().optional(),
  })
  .superRefine((value, context) => {
    function wrong(message: string, ...at: (string | number)[]): void {
      context.addIssue({ code: "custom", message, path: at });
    }
    if (value.engine_certificates !== undefined && value.engine?.startsWith("tcp://") !== true)
      wrong("are for an engine of `tcp://`", "engine_certificates");
    if (value.agent === true && value.command !== undefined) {
      wrong(
        "a container with an agent starts its programs by agent.service; leave out one of agent and command",
        "command",
      );
    }
    if (hasAgent(value) && value.user !== undefined) wrong("the agent runs as root; set agent: false", "user");
    for (const [index, { target }] of value.mounts.entries()) {
      const held = HELD_FOLDERS.find((folder) => `${target}/`.startsWith(`${folder}/`));
      if (held !== undefined) wrong(`${held} is Gantry's own`, "mounts", index, "target");
    }
    const special = value.networks.findIndex(({ name }) => name === "host" || name === "none");
    if (special >= 0 && value.networks.length > 1) wrong("host and none exclude other networks", "networks", special);
    if (special >= 0 && value.ports.length > 0) wrong("ports are published from a network of Docker's own", "ports");
    for (const [index, one] of value.networks.entries()) {
      const fixed = "subnet" in one || "gateway" in one || "address" in one;
      if (fixed && SPECIAL_NETWORKS.has(one.name)) wrong("is Docker's own, and takes no settings", "networks", index);
    }
  });

export type DockerAttributes = z.output<typeof dockerAttributes>;

/** A network in the attributes. */
export interface NetworkUse {
  readonly name: string;
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
  readonly address?: string | undefined;
}

/** Whether the container's main process is the agent. */
export function hasAgent(attributes: Pick<DockerAttributes, "agent" | "command">): boolean {
  return attributes.agent ?? attributes.command === undefined;
}

function isSubnet(value: string): boolean {
  return succeeds(() => parseBlock(value)) && !value.includes(":");
}

function isIpv4Text(value: string): boolean {
  return succeeds(() => parseAddress(value)) && !value.includes(":");
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
