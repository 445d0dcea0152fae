import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { MASTER_KEY_SOURCE_INVALID } from "./errors.ts";

/** Where a master key is got. */
export type KeySource =
  /** A file with the key, for its owner alone. */
  | { readonly kind: "file"; readonly path: string }
  /** `GANTRY_MASTER_KEY`. */
  | { readonly kind: "environment" }
  /** A key of Vault's transit engine, which never leaves it. */
  | { readonly kind: "vault-transit"; readonly mount: string; readonly key: string }
  /** A field of a secret in Vault's KV engine, version 2. */
  | { readonly kind: "vault-kv"; readonly mount: string; readonly path: string; readonly field: string }
  /** A secret of Barbican, by its UUID. */
  | { readonly kind: "barbican"; readonly secret: string };

export const SOURCE_KINDS: readonly KeySource["kind"][] = [
  "file",
  "environment",
  "vault-transit",
  "vault-kv",
  "barbican",
];

/** What paths in Vault may be made of: nothing that would lead elsewhere in a URL. */
const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `file:PATH`, `environment`, `vault-transit:MOUNT/KEY`, `vault-kv:MOUNT/PATH#FIELD`, `barbican:UUID`. Errors: `master_key_source_invalid`. */
export function parseSource(text: string): KeySource {
  const [kind = "", rest = ""] = splitAt(text, ":");
  switch (kind) {
    case "file":
      if (rest.startsWith("/")) return { kind, path: rest };
      throw invalid(text, "a file is named by its whole path, as in file:/etc/gantry/master.key");
    case "environment":
      if (text === "environment") return { kind };
      throw invalid(text, "`environment` stands alone: the key is in GANTRY_MASTER_KEY");
    case "vault-transit": {
      const parts = rest.split("/");
      const key = parts.pop() ?? "";
      if (parts.length > 0 && [...parts, key].every((part) => PART.test(part)))
        return { kind, mount: parts.join("/"), key };
      throw invalid(text, "a key of the transit engine is named as in vault-transit:transit/gantry");
    }
    case "vault-kv": {
      const [place = "", field = ""] = splitAt(rest, "#");
      const [mount = "", ...path] = place.split("/");
      if (path.length > 0 && [mount, ...path, field].every((part) => PART.test(part)))
        return { kind, mount, path: path.join("/"), field };
      throw invalid(text, "a field of the KV engine is named as in vault-kv:secret/gantry#master-key");
    }
    case "barbican":
      if (UUID.test(rest)) return { kind, secret: rest };
      throw invalid(text, "a secret of Barbican is named by its UUID, as in barbican:0b7f0f6c-…");
    default: {
      const near = nearest(kind, SOURCE_KINDS);
      throw invalid(text, `there is no kind '${kind}'${near === undefined ? "" : `; did you mean '${near}'?`}`);
    }
  }
}

export function sourceText(source: KeySource): string {
  switch (source.kind) {
    case "file":
      return `file:${source.path}`;
    case "environment":
      return "environment";
    case "vault-transit":
      return `vault-transit:${source.mount}/${source.key}`;
    case "vault-kv":
      return `vault-kv:${source.mount}/${source.path}#${source.field}`;
    case "barbican":
      return `barbican:${source.secret}`;
  }
}

function splitAt(text: string, sign: string): readonly string[] {
  const at = text.indexOf(sign);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(text: string, why: string): GantryError {
  return new GantryError(MASTER_KEY_SOURCE_INVALID, `'${text.slice(0, 200)}' is no place of a master key: ${why}`);
}
