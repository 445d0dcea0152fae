import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Document, Scalar } from "yaml";
import type { Random } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { replaceSecrets, secretNamesIn } from "../variables/index.ts";
import { isFileName } from "./ansible-names.ts";
import { SECRETS_FILE } from "./ansible-render.ts";
import type { HostSecrets } from "./ansible-model.ts";
import { VAULT_SALT, vaultText } from "./vault.ts";

/** A secret as whoever exports got it. */
export interface ReadSecret {
  readonly id: string;
  readonly kind: "text" | "pem" | "blob";
  readonly value: Buffer;
}

export interface VaultParts {
  readonly password: Buffer;
  readonly random: Pick<Random, "token">;
  /** The nearest secret of a name; undefined: there is none. */
  read(name: string, owners: HostSecrets["owners"]): Promise<ReadSecret | undefined>;
}

export interface Vaulted {
  readonly variables: number;
  /** `HOST: VARIABLE`, where a secret was not there. */
  readonly missing: readonly string[];
}

/**
 * Puts the variables that were left out of an exported folder into it, encrypted: texts in place (`!vault`), PEM and bytes as encrypted
 * files, of which the variable is the path. It is done where the folder lies, so that the server never has the password.
 */
export async function vaultFolder(folder: string, parts: VaultParts): Promise<Vaulted> {
  const text = await readFile(join(folder, SECRETS_FILE), "utf8").catch(() => undefined);
  const { hosts = {} } = text === undefined ? {} : (JSON.parse(text) as { hosts: Record<string, HostSecrets> });
  const sealed = new Map<string, string>();
  const missing: string[] = [];
  let variables = 0;

  /** What stands in the place of a secret: a vault text, or the path of a file. The same secret is encrypted once. */
  async function placed({ id, kind, value }: ReadSecret): Promise<Json | Scalar> {
    const vault =
      sealed.get(id) ?? vaultText(value, parts.password, Buffer.from(parts.random.token(VAULT_SALT), "base64url"));
    if (kind === "text") {
      sealed.set(id, vault);
      const scalar = new Scalar(vault);
      scalar.tag = "!vault";
      scalar.type = "BLOCK_LITERAL";
      return scalar;
    }
    const path = `secrets/${id}`;
    if (!sealed.has(id)) {
      await mkdir(join(folder, "files", dirname(path)), { recursive: true });
      await writeFile(join(folder, "files", path), vault, { mode: 0o600 });
      sealed.set(id, vault);
    }
    return `{{ inventory_dir }}/../files/${path}`;
  }

  for (const [host, { owners, variables: left }] of Object.entries(hosts)) {
    const made: Record<string, unknown> = {};
    for (const [variable, value] of Object.entries(left)) {
      const found = new Map<string, Json | Scalar>();
      for (const name of secretNamesIn(value)) {
        const secret = await parts.read(name, owners);
        if (secret !== undefined) found.set(name, await placed(secret));
      }
      if (!isFileName(host) || secretNamesIn(value).some((name) => !found.has(name)))
        missing.push(`${host}: ${variable}`);
      else made[variable] = replaceSecrets(value, (name) => found.get(name) as Json);
    }
    if (Object.keys(made).length === 0) continue;
    variables += Object.keys(made).length;
    await addVariables(join(folder, "hosts", "host_vars", `${host}.yml`), made);
  }
  return { variables, missing };
}

/** Behind what is there: of two keys Ansible takes the last. */
async function addVariables(path: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const before = await readFile(path, "utf8").catch(() => "");
  const names = Object.keys(values);
  // Where a group says something plain, the host said nothing at all.
  const lines = before
    .split("\n")
    .filter((line) => !names.some((name) => line === `${name}: null` || line === `"${name}": null`));
  await writeFile(path, lines.join("\n"), { mode: 0o600 });
  await appendFile(path, new Document(values as JsonObject).toString({ lineWidth: 0 }));
}
