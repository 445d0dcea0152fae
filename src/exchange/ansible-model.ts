import type { JsonObject } from "../kernel/json.ts";

/** An inventory as Ansible understands it. */
export interface AnsibleInventory {
  /** By name; the first is `all`. */
  readonly groups: readonly AnsibleGroup[];
  /** In order of their names. */
  readonly hosts: readonly AnsibleHost[];
  /** Files that variables name, each once. */
  readonly files: readonly AnsibleFile[];
  /** By host, what was left out because it refers to secrets. Made while it is read; not there when nothing does. */
  readonly secrets?: () => Generator<readonly [string, HostSecrets]>;
}

export interface HostSecrets {
  /** Where a secret is looked for, the nearest first. */
  readonly owners: readonly { readonly kind: string; readonly id: string; readonly name: string }[];
  /** What was left out, with its references as they are written. */
  readonly variables: JsonObject;
}

export interface AnsibleGroup {
  readonly name: string;
  /** Hosts named in it; those of its children are not repeated. */
  readonly hosts: readonly string[];
  /** Groups in it. A name may be of no group: it then stays a child that is named and not defined. */
  readonly children: readonly string[];
  /** `ansible_group_priority`; 1 is Ansible's own default. */
  readonly priority: number;
  readonly variables: JsonObject;
}

export interface AnsibleHost {
  readonly name: string;
  /** What differs from what its groups give it. Put together when it is asked for, so that those of many hosts are not held at once. */
  variables(): JsonObject;
}

/** A file that a variable brings with it. */
export interface AnsibleFile {
  /** Relative to the folder `files`, with `/`. */
  readonly path: string;
  readonly content: Uint8Array;
}
