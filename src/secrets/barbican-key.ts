import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { readPrivateFile } from "../platform/files/index.ts";
import { ask, serverUrl, type KeyServer } from "./ask.ts";
import { MASTER_KEY_INVALID, MASTER_KEY_SOURCE_INVALID, MASTER_KEY_UNREACHABLE } from "./errors.ts";
import { keyOf, localKey, type KeyProvider, type MasterKey } from "./master-key.ts";
import { KEY_BYTES } from "./seal.ts";
import { sourceText, type KeySource } from "./source.ts";

/** Barbican's key manager API, version 1: `GET /v1/secrets/ID/payload`. */
export interface BarbicanSettings extends KeyServer {
  /** Path of a file with a token of Keystone; null: Barbican runs without one. */
  readonly tokenFile: string | null;
  /** The project, where no token says it. */
  readonly project: string | null;
}

const LONGEST_FILE = 64 * 1024;

/**
 * A master key that is a secret of Barbican: 32 bytes, or these in base64 as text. Its secrets never change, so going over to a new key is
 * going over to another secret.
 *
 * Errors: `master_key_source_invalid`.
 */
export function barbicanKeys(
  source: Extract<KeySource, { kind: "barbican" }>,
  settings: BarbicanSettings,
  random: Random,
): KeyProvider {
  const { origin } = serverUrl(settings.url, "barbican_url");
  if (settings.tokenFile === null && settings.project === null)
    throw new GantryError(
      MASTER_KEY_SOURCE_INVALID,
      "Barbican asks who we are: set barbican_token_file, or barbican_project where it runs without Keystone",
    );

  async function headers(): Promise<Record<string, string>> {
    const { tokenFile, project } = settings;
    if (tokenFile === null) return { "x-project-id": project ?? "" };
    return { "x-auth-token": (await readPrivateFile(tokenFile, LONGEST_FILE)).toString("utf8").trim() };
  }

  async function read(): Promise<MasterKey> {
    const path = `/v1/secrets/${source.secret}/payload`;
    const who = await headers();
    // What was stored as text is not given out as bytes, nor the other way round.
    for (const accept of ["application/octet-stream", "text/plain"]) {
      const { status, bytes } = await ask(settings, { method: "GET", path, headers: { ...who, accept } });
      if (status === 200) return localKey(payload(bytes), random);
      if (status !== 406)
        throw new GantryError(
          MASTER_KEY_UNREACHABLE,
          `Barbican at ${origin} answers ${status} for the secret ${source.secret}`,
        );
    }
    throw new GantryError(MASTER_KEY_INVALID, `the secret ${source.secret} of Barbican is neither bytes nor text`);
  }

  function payload(bytes: Buffer): Buffer {
    return bytes.length === KEY_BYTES
      ? bytes
      : keyOf(bytes.toString("latin1"), `the secret ${source.secret} of Barbican`);
  }

  return {
    source: sourceText(source),
    keys: async () => [await read()],
    first: read,
    next: read,
    settle: async () => undefined,
    close: () => undefined,
  };
}
