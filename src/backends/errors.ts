import { errorKind } from "../kernel/errors.ts";

export const BACKEND_UNKNOWN = errorKind("backend_unknown", {
  status: 404,
  summary: "There is no backend with this id or name.",
  remedy: "`gantry backend list` lists the backends.",
});

export const BACKEND_EXISTS = errorKind("backend_exists", {
  status: 409,
  summary: "There is a backend of this name already, or one for this site.",
  remedy: "Choose another name or site, or remove the backend that is there.",
});

export const BACKEND_INVALID = errorKind("backend_invalid", {
  status: 422,
  summary: "The settings of a backend do not fit its kind.",
  remedy: "Set what its kind asks for: docs/backends.md lists the settings of each kind.",
});

export const BACKEND_CHANGED = errorKind("backend_changed", {
  status: 412,
  summary: "The backend was changed by somebody else since it was read (If-Match).",
  remedy: "Read it again, and change what is there now.",
});

export const BACKEND_LOST = errorKind("backend_lost", {
  status: 503,
  summary: "Something is to be read or written where the truth of its site lives, and that place does not answer.",
  remedy: "`gantry backend status` says what is wrong; it is tried again by itself.",
});

export const BACKEND_UNREADABLE = errorKind("backend_unreadable", {
  status: 502,
  summary: "What a backend answers or holds cannot be read as inventory.",
  remedy: "Mend what the message names, there where the inventory is kept.",
});

export const BACKEND_READ_ONLY = errorKind("backend_read_only", {
  status: 409,
  summary: "Something is to be changed whose truth lives in a place that is only read.",
  remedy: "Change it in the place the message names.",
});

export const BACKENDS_MIXED = errorKind("backends_mixed", {
  status: 409,
  summary: "Edits that are to be made together belong to different places, which cannot be written in one transaction.",
  remedy: "Send the edits of each place by themselves.",
});

export const BACKEND_TOKEN_FILE = errorKind("backend_token_file", {
  status: 422,
  summary: "The file with a backend's token cannot be used: it is missing, or others than its owner may read it.",
  remedy: "Make the file the server's own and run `chmod 600` on it.",
});

export const BACKEND_MAPPING = errorKind("backend_mapping", {
  status: 422,
  summary: "The mapping file of a NetBox backend cannot be used.",
  remedy: "Compare it with examples/backends/netbox.yaml.",
});
