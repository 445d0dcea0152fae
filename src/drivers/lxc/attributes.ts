import { z } from "zod";
import { contains, parseAddress, parseBlock } from "../../network/index.ts";
import { HELD_FOLDERS } from "../agent-place.ts";

/** What a document may say of an LXC foundation. */

const text = z.string().min(1);
const path = z.string().regex(/^\/(?!.*(^|\/)\.\.(\/|$))[^\n]*$/, "is a path that begins with / and does not climb");
/** LXC reads a configuration line by line. */
const line = z
  .union([z.string(), z.number(), z.boolean()])
  .refine((value) => !/[\n\0]/.test(String(value)), "is one line");

const subnet = z.string().refine(isSubnet, "is not a subnet: ADDRESS/PREFIX");
const address = z.string().refine(isAddress, "is not an address");

/** One, or a list: one of IPv4 and one of IPv6, say. */
function oneOrMore<Schema extends z.ZodType>(schema: Schema) {
  return z.union([schema.transform((one) => [one]), z.array(schema)]).default([]);
}

/** Linux gives an interface 15 characters. */
const bridge = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/, "is not a name for a bridge: at most 15 letters, digits, _ . -");

const network = z.union([
  bridge.transform((name) => ({ name, subnet: [], gateway: [], address: [], nat: false })),
  z.strictObject({
    name: bridge,
    /** Says that the bridge is made when the machine does not have it. */
    subnet: oneOrMore(subnet),
    /** The bridge's own address, where it is made, and the way out. Default: the first address of each subnet, where it is made. */
    gateway: oneOrMore(address),
    /** Of this container, beside those of the structures on it. */
    address: oneOrMore(address),
    /** Lets what is behind a bridge that is made reach what the machine reaches. */
    nat: z.boolean().default(false),
  }),
]);

/** A source is a folder or file of the worker's machine; none is memory. */
const mount = z.strictObject({ source: path.optional(), target: path, read_only: z.boolean().default(false) });

export const lxcAttributes = z
  .strictObject({
    /** Path of a tarball, or of an unpacked folder, on the worker's machine. */
    rootfs: path.optional(),
    /** SHA-256 of a tarball that the server keeps. */
    content: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "is not a SHA-256: 64 hexadecimal digits")
      .optional(),
    /** Name of a stopped container of LXC on the worker's machine. */
    template: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, "is not the name of a container")
      .optional(),
    /** Where the template is. */
    lxc_path: path.default("/var/lib/lxc"),
    /** False: the container runs its own program. Default: true, unless there is a `command`. */
    agent: z.boolean().optional(),
    /** Program and arguments, for a container without an agent. Without it such a container runs its /sbin/init. */
    command: z.array(text).min(1).optional(),
    /** Home of the agent, or working folder of the command. */
    folder: path.optional(),
    environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), line).default({}),
    mounts: z.array(mount).default([]),
    networks: z.array(network).default([]),
    /** Bytes. */
    memory: z
      .int()
      .min(1024 * 1024, "is less than 1048576 bytes")
      .optional(),
    cpus: z.number().min(0.01).optional(),
    /** Processes and threads. */
    pids: z.int().min(1).optional(),
  })
  .superRefine((value, context) => {
    function wrong(message: string, ...at: (string | number)[]): void {
      context.addIssue({ code: "custom", message, path: at });
    }
    const origins = [value.rootfs, value.content, value.template].filter((one) => one !== undefined);
    if (origins.length !== 1) wrong("is made from one of rootfs, content and template", "rootfs");
    if (value.agent === true && value.command !== undefined) {
      wrong(
        "a container with an agent starts its programs by agent.service; leave out one of agent and command",
        "command",
      );
    }
    for (const [index, { target }] of value.mounts.entries()) {
      const held = HELD_FOLDERS.find((folder) => `${target}/`.startsWith(`${folder}/`));
      if (held !== undefined) wrong(`${held} is Gantry's own`, "mounts", index, "target");
    }
    for (const [index, one] of value.networks.entries()) {
      if (one.nat && one.subnet.length === 0) wrong("needs a subnet", "networks", index, "nat");
      const outside = one.gateway.find(
        (each) => one.subnet.length > 0 && !one.subnet.some((held) => holds(held, each)),
      );
      if (outside !== undefined) wrong(`${outside} lies in none of its subnets`, "networks", index, "gateway");
    }
    const names = value.networks.map(({ name }) => name);
    const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
    if (twice >= 0) wrong(`${names[twice]} is named twice`, "networks", twice);
  });

export type LxcAttributes = z.output<typeof lxcAttributes>;
export type NetworkUse = LxcAttributes["networks"][number];

/** Whether the container's main program is the agent. */
export function hasAgent(attributes: Pick<LxcAttributes, "agent" | "command">): boolean {
  return attributes.agent ?? attributes.command === undefined;
}

/** Whether an address lies in a subnet; false for what is neither. */
export function holds(subnetText: string, addressText: string): boolean {
  try {
    return contains(parseBlock(subnetText), parseAddress(addressText));
  } catch {
    return false;
  }
}

function isSubnet(value: string): boolean {
  try {
    parseBlock(value);
    return true;
  } catch {
    return false;
  }
}

function isAddress(value: string): boolean {
  try {
    parseAddress(value);
    return true;
  } catch {
    return false;
  }
}
