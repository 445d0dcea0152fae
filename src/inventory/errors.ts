import { errorKind } from "../kernel/errors.ts";

export const NOT_FOUND = errorKind("not_found", {
  status: 404,
  summary: "The inventory has nothing of this kind with this id or name.",
  remedy: "List what there is: `gantry get structures` (or foundations, sites, blueprints, address-blocks).",
});

export const VERSION_MISMATCH = errorKind("version_mismatch", {
  status: 412,
  summary: "What was to be changed has been changed by somebody else since it was read (If-Match).",
  remedy: "Read it again, and change what is there now.",
});

export const VERSION_REQUIRED = errorKind("version_required", {
  status: 428,
  summary: "A change needs the header If-Match with the version that was read.",
  remedy: "Read the thing, and send its ETag as If-Match.",
});

export const CURSOR_UNKNOWN = errorKind("cursor_unknown", {
  status: 400,
  summary: "The cursor of a list is not one that a list gave.",
  remedy: "Begin the list anew, without a cursor.",
});

export const INVENTORY_OUTDATED = errorKind("inventory_outdated", {
  status: 409,
  summary: "The inventory was changed by somebody else at the same moment; nothing was written.",
  remedy: "Try again.",
});
