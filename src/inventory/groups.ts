import type { JsonObject } from "../kernel/json.ts";
import type { Described } from "./described.ts";

/**
 * A named set of structures. Groups form strict trees by `parent`; a structure may be named in many of them.
 *
 * A group also has the structures of the groups it includes, and those resolve over its variables as if it were named by them: this is
 * how an Ansible group with two parents is kept. Parents and inclusions together form no circle.
 */
export interface GroupData extends Described {
  readonly name: string;
  /** `ansible`, `service`, `region` …: free text. */
  readonly kind: string;
  readonly description: string;
  readonly parent: string | null;
  /** Names of groups whose structures are in this one too. A name may be of no group: it then adds nothing. */
  readonly includes: readonly string[];
  /** Among groups of the same depth the higher one wins; then the later name. */
  readonly priority: number;
  readonly variables: JsonObject;
  /** Where more variables come from. They are fetched when an inventory is exported, and go under the group's own. */
  readonly configuration: GroupConfiguration | null;
}

/** YAML files of a git repository at one revision. */
export interface GroupConfiguration {
  readonly url: string;
  /** A commit, tag or branch. What it meant at an export is in the export. */
  readonly revision: string;
  /** The file or folder inside the repository. */
  readonly path: string;
}
