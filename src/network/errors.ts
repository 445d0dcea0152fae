import { errorKind } from "../kernel/errors.ts";

export const ADDRESS_INVALID = errorKind("address_invalid", {
  status: 422,
  summary: "A text is not an IPv4 or IPv6 address, or a number is not one of 128 bits.",
  remedy:
    "Write four decimal numbers without leading zeros (10.0.0.1), or an IPv6 address without a zone (2001:db8::1).",
});

export const PREFIX_INVALID = errorKind("prefix_invalid", {
  status: 422,
  summary: "A prefix length is no whole number, or outside what the address family has; or a netmask is not one.",
  remedy: "Use 1 to 32 for an IPv4 block, 1 to 128 for an IPv6 block.",
});

export const ADDRESS_BLOCK_INVALID = errorKind("address_block_invalid", {
  status: 422,
  summary:
    "An address block cannot be: it mixes families, holds the IPv4 range, or its gateway is not a usable address of it.",
  remedy: "Write a block as SUBNET/PREFIX, and a gateway that lies between its first and its last address.",
});

export const ADDRESS_RANGE_INVALID = errorKind("address_range_invalid", {
  status: 422,
  summary: "A reservation or a dynamic range cannot be: it is no range, or it overlaps what it must not.",
  remedy:
    "Write FIRST or FIRST-LAST, and the reason behind a space (`10.0.0.5 old printer`); a dynamic range overlaps neither reservations nor the gateway.",
});

export const ADDRESS_OUTSIDE_BLOCK = errorKind("address_outside_block", {
  status: 422,
  summary: "An address or an offset does not lie in its address block.",
  remedy: "Choose an address of the block, or name the block that holds the address.",
});

export const ADDRESS_NOT_USABLE = errorKind("address_not_usable", {
  status: 422,
  summary: "An address is the first (network) or last (broadcast) one of its block.",
  remedy: "Choose an address between the two.",
});

export const ADDRESS_IS_GATEWAY = errorKind("address_is_gateway", {
  status: 409,
  summary: "An address belongs to the gateway of its block.",
  remedy: "Choose another address, or move the gateway.",
});

export const ADDRESS_TAKEN = errorKind("address_taken", {
  status: 409,
  summary: "An address has an owner already, or is wanted twice.",
  remedy: "Choose another address, leave it out to get a free one, or release it from its owner.",
});

export const ADDRESS_BLOCK_FULL = errorKind("address_block_full", {
  status: 409,
  summary: "An address block has fewer free addresses than are wanted.",
  remedy: "Add a block, widen this one, or release addresses nobody uses.",
});
