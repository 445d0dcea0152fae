import { errorKind } from "../kernel/errors.ts";

export const BACKUP_FOREIGN = errorKind("backup_foreign", {
  status: 422,
  summary: "The file is no backup of Gantry's.",
  remedy: "Name a file that `gantry backup --out FILE` wrote.",
});

export const BACKUP_KEY_UNUSABLE = errorKind("backup_key_unusable", {
  status: 400,
  summary: "The passphrase or the key for a backup is missing, too short, or readable by others.",
  remedy:
    "A passphrase has 8 to 1,024 characters on one line, a key file 32 random bytes (`head -c 32 /dev/urandom > FILE`). The file must be its owner's alone (chmod 600).",
});

export const BACKUP_KEY_WRONG = errorKind("backup_key_wrong", {
  status: 422,
  summary: "The backup was sealed with another passphrase or another key, or its first lines were changed.",
  remedy: "Name the file with the passphrase or the key it was made with. Without it nobody can read the backup.",
});

export const BACKUP_DAMAGED = errorKind("backup_damaged", {
  status: 422,
  summary: "Bytes of the backup are not what they were when it was written.",
  remedy: "Use another copy of this backup, or the one before it. Nothing was restored.",
});

export const BACKUP_TRUNCATED = errorKind("backup_truncated", {
  status: 422,
  summary: "The end of the backup is missing.",
  remedy: "Copy the file again from where it was written, or use another backup. Nothing was restored.",
});

export const BACKUP_NEWER = errorKind("backup_newer", {
  status: 422,
  summary: "The backup comes from a newer version of Gantry.",
  remedy: "Restore it with the version that wrote it, or a newer one. Nothing was restored.",
});

export const BACKUP_RUNNING = errorKind("backup_running", {
  status: 409,
  summary: "Another backup of this server is being written.",
  remedy: "Wait until it is done.",
});

export const BACKUP_FAILED = errorKind("backup_failed", {
  status: 500,
  summary: "The backup could not be read from the database to its end.",
  remedy: "Look into the server's log for the same time, then take it again. What was written of it is no backup.",
});

export const BACKUP_UNREADABLE = errorKind("backup_unreadable", {
  status: 400,
  summary: "The file with a backup cannot be read.",
  remedy: "Name the file of a backup that you may read.",
});

export const RESTORE_TARGET_NOT_EMPTY = errorKind("restore_target_not_empty", {
  status: 409,
  summary: "The data folder or the database to restore into holds something already.",
  remedy: "Name an empty folder with --data and an empty database, or move away what is there. Nothing was changed.",
});

export const RESTORE_FAILED = errorKind("restore_failed", {
  status: 500,
  summary: "The database or the data folder does not take what is in the backup.",
  remedy: "The message says what it does not take. Nothing was left behind.",
});
