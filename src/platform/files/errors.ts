import { errorKind } from "../../kernel/errors.ts";

export const FOLDER_NOT_PRIVATE = errorKind("folder_not_private", {
  status: 500,
  summary: "A folder that must be the owner's alone belongs to somebody else, or cannot be made.",
  remedy: "Name another folder with --data, or mend its owner and its permissions.",
});

export const LOCK_HELD = errorKind("lock_held", {
  status: 409,
  summary: "Another process does the same thing with the same data folder.",
  remedy: "Wait until it is done, or end it.",
});

export const FILE_NOT_PRIVATE = errorKind("file_not_private", {
  status: 503,
  summary:
    "A file with a key or a token cannot be read, belongs to somebody else, or may be read by others than its owner.",
  remedy: "Give it to the server's user, and close it to others: `chmod 600 FILE`.",
});
