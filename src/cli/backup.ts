import { checkBackup, readKey, type BackupKey, type Begin, type LeftOut, type Manifest } from "../backup/commands.ts";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, table } from "./output.ts";
import { sizeText, writePrivateOutput } from "./private-output.ts";

interface BackupOptions {
  readonly out?: string;
  readonly check?: string;
  readonly passphraseFile?: string;
  readonly keyFile?: string;
  readonly withMasterKey?: boolean;
}

/** `gantry backup --out FILE`, `gantry backup --check FILE`. */
export async function backup(context: CommandContext, given: Record<string, unknown>): Promise<void> {
  const options = given as BackupOptions;
  const { out, check } = options;
  if ((out === undefined) === (check === undefined))
    throw new GantryError(USAGE, "backup needs one of --out FILE and --check FILE");
  const key = await readKey(options);
  if (check !== undefined) {
    const { begin, manifest } = await checkBackup(check, key);
    printBackup(context, begin, manifest);
    if (context.output === "table") context.terminal.error(`${check} is whole.\n`);
    return;
  }
  const wish = { ...secretOf(key), withMasterKey: options.withMasterKey === true };
  const bytes = await writePrivateOutput(out!, (signal) =>
    context.client.fetch("POST", "/v1/backups", wish, { signal }),
  );
  context.terminal.out(`Backup written to ${out} (${sizeText(bytes)}).\n`);
}

/** `gantry restore FILE`. */
export async function restore(
  context: CommandContext,
  given: Record<string, unknown>,
  args: readonly string[],
): Promise<void> {
  const key = await readKey(given as BackupOptions);
  const { restoreBackup } = await import("../server/index.ts");
  const { begin, manifest, migrated } = await restoreBackup({
    file: args[0] ?? "",
    key,
    dataFolder: context.dataFolder,
    flags: { database: given["database"] },
    environment: process.env,
  });
  const rows = manifest.parts.filter(({ kind }) => kind === "table").reduce((sum, { count }) => sum + count, 0);
  const files = manifest.parts.filter(({ kind }) => kind === "file").length;
  const { terminal } = context;
  terminal.out(`Restored to ${context.dataFolder}: ${rows} rows and ${files} files as of ${begin.made}.\n`);
  if (migrated.length > 0) terminal.out(`Brought up to this version by ${migrated.join(", ")}.\n`);
  if (lacksMasterKey(manifest))
    terminal.out(
      "The master key was not taken along: secrets are locked until the server finds it (`gantry secret status`).\n",
    );
  terminal.out("Start it with `gantry server start`, and see with `gantry plan` what has changed since.\n");
}

/** The key may be in Vault or elsewhere as well; then the server finds it there. */
function lacksMasterKey({ parts, leftOut }: Manifest): boolean {
  const secrets = parts.find(({ kind, name }) => kind === "table" && name === "secret");
  return (secrets?.count ?? 0) > 0 && leftOut.some(({ what }) => what === "master.key");
}

function secretOf(key: BackupKey): object {
  return key.kind === "key" ? { key: Buffer.from(key.key).toString("base64") } : { passphrase: key.passphrase };
}

function printBackup({ terminal, output }: CommandContext, begin: Begin, manifest: Manifest): void {
  const { gantry, made, database, migrations } = begin;
  if (output !== "table") {
    printData(terminal, output, { gantry, made, database, migrations, ...manifest });
    return;
  }
  terminal.out(`Made ${made} by Gantry ${gantry}, from ${database}\n\n`);
  const unit = { table: "rows", file: "bytes" } as const;
  terminal.out(
    table(
      terminal,
      [
        { heading: "PART", value: (part) => part.kind },
        { heading: "NAME", value: (part) => part.name },
        { heading: "SIZE", value: (part) => `${part.count} ${unit[part.kind]}` },
        { heading: "SHA-256", value: (part) => part.sha256.slice(0, 16) },
      ],
      manifest.parts,
    ),
  );
  const columns = [
    { heading: "NOT IN IT", value: (one: LeftOut) => one.what },
    { heading: "WHY", value: (one: LeftOut) => one.why },
  ];
  terminal.out(`\n${table(terminal, columns, manifest.leftOut)}`);
}
