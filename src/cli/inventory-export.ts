import { checkPlace, placeFile, placeFolder, vaultFolder, type ReadSecret } from "../exchange/commands.ts";
import { GantryError } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import { readPrivateFile } from "../platform/files/index.ts";
import { USAGE } from "./errors.ts";
import type { CommandContext } from "./context.ts";

interface ExportOptions {
  readonly group: string;
  readonly format: "folder" | "tgz" | "zip" | "json";
  readonly out: string;
  readonly site?: string;
  readonly blueprint?: string;
  readonly label?: readonly string[];
  readonly vars?: readonly string[];
  readonly host?: readonly string[];
  readonly at?: string;
  readonly each?: boolean;
  readonly builtin: boolean;
  readonly force?: boolean;
  readonly vaultPasswordFile?: string;
}

/** `gantry inventory export --out PATH`. */
export async function exportInventory(context: CommandContext, given: Record<string, unknown>): Promise<void> {
  const options = given as unknown as ExportOptions;
  const { format, out, force = false, each = false } = options;
  const place = { force, each };
  const password = await passwordOf(options);
  // Asked for in vain, an export of many hosts would cost minutes.
  await checkPlace(out, format === "folder" ? "folder" : "file", place);
  const bundle = await context.client.download(pathOf(options));
  if (format === "folder") await placeFolder(bundle, out, place);
  else await placeFile(bundle, out, place);
  if (password !== undefined) await putSecretsIn(context, out, password);
  context.terminal.out(
    format === "folder" && !each
      ? `Exported to ${out}. Run Ansible there: cd ${out} && ansible-playbook PLAYBOOK\n`
      : `Exported to ${out}.\n`,
  );
}

/** Errors: `usage`, `file_not_private`. */
async function passwordOf({ vaultPasswordFile, format, each }: ExportOptions): Promise<Buffer | undefined> {
  if (vaultPasswordFile === undefined) return undefined;
  if (format !== "folder" || each === true)
    throw new GantryError(USAGE, "--vault-password-file goes with --format folder, and without --each");
  const text = (await readPrivateFile(vaultPasswordFile, LONGEST_PASSWORD)).toString("utf8").trim();
  if (text === "") throw new GantryError(USAGE, `${vaultPasswordFile} is empty`);
  return Buffer.from(text, "utf8");
}

interface Listed {
  readonly id: string;
  readonly kind: ReadSecret["kind"];
  readonly owner: { readonly kind: string; readonly id: string };
}

async function putSecretsIn({ client, terminal }: CommandContext, folder: string, password: Buffer): Promise<void> {
  const named = new Map<string, readonly Listed[]>();
  const read = new Map<string, ReadSecret>();
  const done = await vaultFolder(folder, {
    password,
    random: systemRandom,
    async read(name, owners) {
      const all = named.get(name) ?? (await secretsNamed(client, name));
      named.set(name, all);
      const nearest = owners.find((owner) => all.some((one) => isOf(one, owner)));
      const found = nearest === undefined ? undefined : all.find((one) => isOf(one, nearest));
      if (found === undefined) return undefined;
      const before = read.get(found.id);
      if (before !== undefined) return before;
      const { value, encoding } = await client.get<{ value: string; encoding: "utf8" | "base64" }>(
        `/v1/secrets/${found.id}/value`,
      );
      const secret = { id: found.id, kind: found.kind, value: Buffer.from(value, encoding) };
      read.set(found.id, secret);
      return secret;
    },
  });
  for (const one of done.missing) terminal.error(`gantry: left out, because its secret is not there: ${one}\n`);
}

async function secretsNamed(client: CommandContext["client"], name: string): Promise<readonly Listed[]> {
  const all: Listed[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query = new URLSearchParams({ name, ...(cursor === "" ? {} : { cursor }) });
    const page: { items: readonly Listed[]; next: string | null } = await client.get(`/v1/secrets?${query}`);
    all.push(...page.items);
    cursor = page.next;
  }
  return all;
}

function isOf({ owner }: Listed, { kind, id }: Listed["owner"]): boolean {
  return owner.kind === kind && owner.id === id;
}

/** Bytes of a file that holds a password. */
const LONGEST_PASSWORD = 64 * 1024;

/** A folder is unpacked here. */
function pathOf({ group, format, site, blueprint, label, vars, host, at, each, builtin }: ExportOptions): string {
  const query = new URLSearchParams();
  const said = { site, blueprint, label, vars, host, at };
  for (const [name, values] of Object.entries(said))
    for (const value of values === undefined ? [] : [values].flat()) query.append(name, value);
  if (each === true) query.set("each", "true");
  if (!builtin) query.set("builtin", "false");
  const bundle = `${group}.${format === "folder" ? "tgz" : format}`;
  return `/v1/inventory/${encodeURIComponent(bundle)}${query.size > 0 ? `?${query}` : ""}`;
}
