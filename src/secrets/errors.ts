import { errorKind } from "../kernel/errors.ts";

export const SECRET_UNKNOWN = errorKind("secret_unknown", {
  status: 404,
  summary: "There is no such secret, or it may not be seen.",
  remedy: "`gantry secret list` shows those there are.",
});

export const SECRET_INVALID = errorKind("secret_invalid", {
  status: 400,
  summary: "The name, the owner or the value of a secret is not one that can be kept.",
  remedy: "The message says what is wrong; docs/secrets.md says what a secret may be.",
});

export const SECRET_NAME_TAKEN = errorKind("secret_name_taken", {
  status: 409,
  summary: "Its owner has a secret of this name already.",
  remedy: "Replace the value of the one there is (`gantry secret set` does), or take another name.",
});

export const SECRET_EXPIRED = errorKind("secret_expired", {
  status: 410,
  summary: "The secret is past the time it was to be used until, and is not opened any more.",
  remedy: "Set a new value with `gantry secret set`, with another `--expires` or none.",
});

export const SECRETS_LOCKED = errorKind("secrets_locked", {
  status: 503,
  summary: "The master key that is needed to open and write secrets is not at hand. Everything else works.",
  remedy:
    "`gantry secret status` names the key that is needed. Put it where the server looks for it, then `gantry secret unlock` or a restart of the server.",
});

export const SECRET_DAMAGED = errorKind("secret_damaged", {
  status: 500,
  summary: "A sealed value does not open: it was changed in the database, or moved there from another place.",
  remedy: "Set the value anew, and find out who writes into the database beside Gantry.",
});

export const MASTER_KEY_INVALID = errorKind("master_key_invalid", {
  status: 503,
  summary: "What was found in the place of the master key is not a key.",
  remedy: "A master key is 32 random bytes in base64: `openssl rand -base64 32` makes one.",
});

export const MASTER_KEY_UNREACHABLE = errorKind("master_key_unreachable", {
  status: 503,
  summary: "The place of the master key cannot be read, or does not answer.",
  remedy: "The message says what was tried. The server tries again by itself, and at once with `gantry secret unlock`.",
});

export const MASTER_KEY_SOURCE_INVALID = errorKind("master_key_source_invalid", {
  status: 400,
  summary: "What was given as the place of a master key is not one, or settings that belong to it are missing.",
  remedy:
    "Give file:PATH, environment, vault-transit:MOUNT/KEY, vault-kv:MOUNT/PATH#FIELD or barbican:SECRET, with the settings that docs/secrets.md names.",
});

export const MASTER_KEY_UNCHANGED = errorKind("master_key_unchanged", {
  status: 409,
  summary: "The place gives the master key that is in use: there is nothing to go over to.",
  remedy: "Put a new key there first, or name another place with `--to`.",
});
