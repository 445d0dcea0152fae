import type { Json, JsonObject } from "../kernel/json.ts";
import type { HeldAddress } from "./model.ts";
import type { OwnedKind } from "./kinds.ts";

/**
 * What happens to a thing when what it refers to is deleted.
 *
 * - remove: it goes along
 * - clear: it stays, and no longer refers to it
 * - keep: the name stays, and is of nothing
 */
type OnRemoval = "remove" | "clear" | "keep";

/** A member that names things of another kind. */
export interface Reference {
  /** For messages: `addresses.block`. */
  readonly member: string;
  readonly to: OwnedKind;
  readonly onRemoval: OnRemoval;
  names(data: JsonObject): readonly string[];
  /** The data without references to names for which `gone` says so. */
  without(data: JsonObject, gone: (name: string) => boolean): JsonObject;
}

const NONE: readonly string[] = [];

/** One name, or null. */
export function single(member: string, to: OwnedKind, onRemoval: OnRemoval): Reference {
  return {
    member,
    to,
    onRemoval,
    names(data) {
      const name = data[member];
      return typeof name === "string" ? [name] : NONE;
    },
    without: (data, gone) => (gone(String(data[member])) ? { ...data, [member]: null } : data),
  };
}

/** A list of names. */
export function listed(member: string, to: OwnedKind, onRemoval: OnRemoval): Reference {
  return {
    member,
    to,
    onRemoval,
    names: (data) => data[member] as readonly string[],
    without: (data, gone) => ({ ...data, [member]: (data[member] as readonly string[]).filter((name) => !gone(name)) }),
  };
}

/** The untagged network of a trunk. */
export function trunk(): Reference {
  const native = (data: JsonObject): Json => (data["trunking"] as JsonObject)["native"] ?? null;
  return {
    member: "trunking.native",
    to: "network",
    onRemoval: "clear",
    names(data) {
      const name = native(data);
      return typeof name === "string" ? [name] : NONE;
    },
    without: (data, gone) =>
      gone(String(native(data))) ? { ...data, trunking: { ...(data["trunking"] as JsonObject), native: null } } : data,
  };
}

/** What the addresses of a structure refer to: without its block an address goes, without its interface it stays. */
export function address(member: "block" | "interface", to: OwnedKind): Reference {
  const held = (data: JsonObject): readonly HeldAddress[] => data["addresses"] as unknown as readonly HeldAddress[];
  return {
    member: `addresses.${member}`,
    to,
    onRemoval: "clear",
    names(data) {
      const addresses = held(data);
      if (addresses.length === 0) return NONE;
      return addresses.map((one) => one[member]).filter((name) => name !== undefined);
    },
    without(data, gone) {
      const kept = held(data).filter(({ block }) => member === "interface" || !gone(block));
      return { ...data, addresses: kept.map((one) => withoutInterface(one, gone)) as unknown as Json };
    },
  };

  function withoutInterface(one: HeldAddress, gone: (name: string) => boolean): HeldAddress {
    if (member === "block" || one.interface === undefined || !gone(one.interface)) return one;
    const { interface: _interface, ...rest } = one;
    return rest;
  }
}
