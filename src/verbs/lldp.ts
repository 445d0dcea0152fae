import { execFile } from "node:child_process";
import type { LinkFacts } from "../blueprints/index.ts";

/** What switches say of themselves to this machine, as lldpd (lldpcli) has heard it. */

const PATIENCE = 10_000;
const LONGEST = 1024 * 1024;

/** By device. Undefined: lldpcli is not there, or its daemon does not answer. */
export function readNeighbors(program = "lldpcli"): Promise<ReadonlyMap<string, LinkFacts> | undefined> {
  return new Promise((resolve) => {
    const limits = { timeout: PATIENCE, maxBuffer: LONGEST };
    execFile(program, ["-f", "json0", "show", "neighbors"], limits, (error, out) => {
      resolve(error === null ? neighborsOf(out) : undefined);
    });
  });
}

/** Reads what `lldpcli -f json0 show neighbors` prints: everything is a list, and each value stands under `value`. Pure. */
export function neighborsOf(text: string): ReadonlyMap<string, LinkFacts> {
  const found = new Map<string, LinkFacts>();
  for (const lldp of listAt(parsed(text), "lldp")) {
    for (const heard of listAt(lldp, "interface")) {
      const device = textAt(heard, "name");
      // Of several that are heard on one device, a hub's, the first counts.
      if (device === undefined || found.has(device)) continue;
      const [chassis] = listAt(heard, "chassis");
      const [port] = listAt(heard, "port");
      const id = listAt(chassis, "id").find((one) => textAt(one, "type") === "mac");
      const name = valueAt(chassis, "name");
      found.set(device, { mac: macOf(textAt(id, "value")), name: name ?? null, ...portOf(portName(port)) });
    }
  }
  return found;
}

/** Slot, port and subport of what a switch calls a port: `swp7`, `Gi1/0/7`, `Ethernet1/7`, `et-0/0/7`. */
export function portOf(name: string | undefined): Pick<LinkFacts, "slot" | "port" | "subport"> {
  const numbers = (/(\d+)(?:[/:.](\d+))?(?:[/:.](\d+))?$/.exec(name ?? "") ?? [])
    .slice(1)
    .filter((text) => text !== undefined)
    .map(Number);
  const [first = null, second = null, third = null] = numbers;
  return second === null
    ? { slot: first === null ? null : 0, port: first, subport: null }
    : { slot: first, port: second, subport: third };
}

/** A port is named by its id, unless that is its MAC address; then by its description. */
function portName(port: unknown): string | undefined {
  const [id] = listAt(port, "id");
  return textAt(id, "type") === "mac" ? valueAt(port, "descr") : textAt(id, "value");
}

function macOf(text: string | undefined): string | null {
  return text !== undefined && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? text.toLowerCase() : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as { readonly [key: string]: unknown })[name]
    : undefined;
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const found = memberOf(value, name);
  return Array.isArray(found) ? found : [];
}

function textAt(value: unknown, name: string): string | undefined {
  const found = memberOf(value, name);
  return typeof found === "string" ? found : undefined;
}

function valueAt(value: unknown, name: string): string | undefined {
  return textAt(listAt(value, name)[0], "value");
}
