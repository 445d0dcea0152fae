import type { Json, JsonObject } from "../kernel/json.ts";
import type { AnsibleGroup, AnsibleInventory } from "./ansible-model.ts";
import { isFileName } from "./ansible-names.ts";
import { jsonText, yamlText } from "./ansible-yaml.ts";

/** An inventory as files of a folder, and as the one document that a dynamic inventory is. Pure. */

/** A file of a bundle. */
export interface BundleFile {
  /** Relative to the bundle, with `/`. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array | string;
}

/** What an export was made from. */
export interface ExportRecord {
  readonly tenant: string;
  /** Of the inventory: it grows with each write. */
  readonly revision: number;
  /** ISO 8601. */
  readonly exportedAt: string;
  /** ISO 8601. The time it was as it is here. Left out: when it was exported. */
  readonly asOf?: string;
  /** What was asked for: `all`, or the name of a group. */
  readonly group: string;
  /** Where the configuration of groups came from. */
  readonly configurations: readonly ConfigurationRecord[];
}

export interface ConfigurationRecord {
  readonly group: string;
  readonly url: string;
  readonly revision: string;
  readonly path: string;
  /** What the revision meant. */
  readonly commit: string;
}

const PLAIN_FILE = 0o644;
/** Keys are among them, and ssh uses none that others can read. */
const OWN_FILE = 0o600;

/** The name of the record in a bundle: also how a folder is known as one of ours. */
export const RECORD_FILE = "gantry-snapshot.json";

/** Lists what was left out because it refers to secrets. */
export const SECRETS_FILE = "gantry-secrets.json";

const CONFIGURATION = `# Made by Gantry. Run ansible-playbook in this folder.
[defaults]
inventory = ./hosts
`;

/** The files of a folder that Ansible runs at once. */
export function* bundleFiles(inventory: AnsibleInventory, record: ExportRecord): Generator<BundleFile> {
  const { secrets } = inventory;
  yield file("ansible.cfg", CONFIGURATION);
  yield recordFile(record);
  if (secrets !== undefined) yield file(SECRETS_FILE, secretsText(secrets));
  yield file("hosts/inventory.json", inventoryText(inventory));
  for (const { name, variables } of inventory.groups)
    if (hasAny(variables)) yield file(`hosts/group_vars/${name}.yml`, yamlText(variables));
  for (const host of inventory.hosts) {
    if (!isFileName(host.name)) continue;
    const variables = host.variables();
    if (hasAny(variables)) yield file(`hosts/host_vars/${host.name}.yml`, yamlText(variables));
  }
  for (const { path, content } of inventory.files) yield { path: `files/${path}`, mode: OWN_FILE, content };
}

function secretsText(secrets: NonNullable<AnsibleInventory["secrets"]>): string {
  const hosts = [...secrets()].map(([host, left]) => `${JSON.stringify(host)}:${JSON.stringify(left)}`);
  const about =
    "Variables that refer to secrets are left out. gantry inventory export --vault-password-file FILE writes them encrypted.";
  return `{"about":${JSON.stringify(about)},\n"hosts":{${hosts.join(",\n")}}}\n`;
}

export function recordFile(record: ExportRecord): BundleFile {
  return file(RECORD_FILE, `${JSON.stringify(record, null, 2)}\n`);
}

/** Who is where: what Ansible's YAML inventory holds, written as JSON, which it reads many times faster. */
function inventoryText(inventory: AnsibleInventory): string {
  const apart = new Map(
    inventory.hosts.filter(({ name }) => !isFileName(name)).map((host) => [host.name, jsonText(host.variables())]),
  );
  const groups = inventory.groups.map((group) => {
    const hosts = group.hosts.map((host) => `${JSON.stringify(host)}:${apart.get(host) ?? "{}"}`);
    const parts = [
      ...(group.hosts.length === 0 ? [] : [`"hosts":{${hosts.join(",")}}`]),
      ...(group.children.length === 0
        ? []
        : [`"children":{${group.children.map((child) => `${JSON.stringify(child)}:{}`).join(",")}}`]),
      ...(group.priority === 1 ? [] : [`"vars":{"ansible_group_priority":${group.priority}}`]),
    ];
    return `${JSON.stringify(group.name)}:{${parts.join(",")}}`;
  });
  return `{${groups.join(",\n")}}\n`;
}

/** What a dynamic inventory answers to `--list`, piece by piece. */
/** Names of variables that were left out stand beside those that are there: `_meta.left_out`. */
export function* dynamicInventory(inventory: AnsibleInventory): Generator<string> {
  const { secrets } = inventory;
  yield "{";
  for (const group of inventory.groups) yield `${JSON.stringify(group.name)}:${jsonText(dynamicGroup(group))},\n`;
  yield '"_meta":{"hostvars":{';
  let separator = "";
  for (const host of inventory.hosts) {
    yield `${separator}${JSON.stringify(host.name)}:${jsonText(host.variables())}`;
    separator = ",\n";
  }
  yield "}";
  if (secrets !== undefined) {
    const left = [...secrets()].map(([host, { variables }]) => [host, Object.keys(variables)]);
    yield `,"left_out":${JSON.stringify(Object.fromEntries(left))}`;
  }
  yield "}}\n";
}

function dynamicGroup(group: AnsibleGroup): JsonObject {
  const vars: JsonObject = {
    ...group.variables,
    ...(group.priority === 1 ? {} : { ansible_group_priority: group.priority }),
  };
  const parts: Record<string, Json> = {};
  // A group without any member would be taken for a host of its name.
  if (group.hosts.length > 0 || (group.children.length === 0 && !hasAny(vars))) parts["hosts"] = group.hosts;
  if (group.children.length > 0) parts["children"] = group.children;
  if (hasAny(vars)) parts["vars"] = vars;
  return parts;
}

function file(path: string, content: string): BundleFile {
  return { path, mode: PLAIN_FILE, content };
}

function hasAny(values: object): boolean {
  return Object.keys(values).length > 0;
}
