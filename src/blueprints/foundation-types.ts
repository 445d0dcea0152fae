/** What is known of a type of foundation beside its driver: pure data, for variables, the foreman and detection. */
export interface FoundationTypeFacts {
  /** What keys of variables like `packages:Container` mean for it, beside the type's own name. */
  readonly classes: readonly string[];
  /**
   * `made`: creating it makes it, so that there is nothing to find. `found`: it stands in a rack, and a person or detection says which
   * machine it is before anything is done with it.
   */
  readonly origin: "made" | "found";
}

const TYPES: Readonly<Record<string, FoundationTypeFacts>> = {
  local: { classes: ["Local"], origin: "made" },
  docker: { classes: ["Docker", "Container"], origin: "made" },
  lxc: { classes: ["LXC", "Container"], origin: "made" },
  qemu: { classes: ["QEMU", "VM"], origin: "made" },
  test: { classes: ["Test"], origin: "made" },
  manual: { classes: ["Manual", "Machine"], origin: "found" },
  ipmi: { classes: ["IPMI", "Machine"], origin: "found" },
  redfish: { classes: ["RedFish", "Machine"], origin: "found" },
};

const UNKNOWN: FoundationTypeFacts = { classes: [], origin: "made" };

/** Facts of a type. One that somebody else's worker brings has no classes but its name, and is made. */
export function foundationTypeFacts(type: string): FoundationTypeFacts {
  return Object.hasOwn(TYPES, type) ? TYPES[type]! : UNKNOWN;
}
