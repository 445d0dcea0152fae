import { errorKind } from "../kernel/errors.ts";

export const NOT_FOUND = errorKind("not_found", {
  status: 404,
  summary: "The inventory has nothing of this kind with this id or name.",
  remedy: "List what there is: `gantry get structures` (or foundations, sites, blueprints, address-blocks).",
});

export const INVENTORY_OUTDATED = errorKind("inventory_outdated", {
  status: 409,
  summary: "The inventory was changed by somebody else at the same moment; nothing was written.",
  remedy: "Try again.",
});

export const EDITS_REFUSED = errorKind("edits_refused", {
  status: 422,
  summary: "Several edits of the inventory cannot be made, for several reasons. None of them was made.",
  remedy: "Each problem names the edit, the thing and what is wrong with it; mend them and send all again.",
});

export const MEMBER_INVALID = errorKind("member_invalid", {
  status: 422,
  summary: "A member of a thing in the inventory does not exist, or does not have its form.",
  remedy: "Compare it with `docs/openapi.json`; the message names the member.",
});

export const MEMBER_READ_ONLY = errorKind("member_read_only", {
  status: 422,
  summary: "A member that Gantry keeps itself (its id, version, state, name …) was to be changed.",
  remedy: "Leave the member out, or send it as it was read.",
});

export const NAME_TAKEN = errorKind("name_taken", {
  status: 409,
  summary: "There is something of this kind and name already, or two edits would make it.",
  remedy: "Choose another name, or change what is there.",
});

export const REFERENCE_UNKNOWN = errorKind("reference_unknown", {
  status: 422,
  summary: "A thing refers to something that the inventory does not have.",
  remedy: "Create it first, or in the same request, or name one that is there.",
});

export const TREE_CIRCLE = errorKind("tree_circle", {
  status: 422,
  summary: "Sites, groups, blueprints, zones or structures would lie in each other in a circle.",
  remedy: "Move what the message names to a place that is not below itself.",
});

export const CUSTOM_FIELDS_INVALID = errorKind("custom_fields_invalid", {
  status: 422,
  summary: "Custom fields do not fit the JSON Schema that the tenant has for things of this kind.",
  remedy: "Mend the fields, or change the schema: `gantry show field-schemas KIND`.",
});

export const FIELD_SCHEMA_INVALID = errorKind("field_schema_invalid", {
  status: 422,
  summary: "A text that should be a JSON Schema (2020-12) is none.",
  remedy: "Mend the schema. It refers to nothing outside of itself.",
});

export const ADDRESS_BLOCKS_OVERLAP = errorKind("address_blocks_overlap", {
  status: 409,
  summary: "Two address blocks of one site would share addresses.",
  remedy: "Choose another subnet, or make one block of the two.",
});

export const VALUE_TOO_LARGE = errorKind("value_too_large", {
  status: 422,
  summary: "Variables or other values are nested more than 64 levels deep, or larger than 1 MiB as JSON.",
  remedy: "Flatten the value, or keep it in a file or a secret.",
});

export const REMOVAL_NEEDS_CASCADE = errorKind("removal_needs_cascade", {
  status: 409,
  summary: "Other things depend on what is to be deleted, and would go or change with it. Nothing was deleted.",
  remedy: "Look at the list; then delete with `?cascade=true`, or move those things first.",
});

export const PATCH_FAILED = errorKind("patch_failed", {
  status: 422,
  summary:
    "An operation of a JSON Patch could not be done: its place is not there, or a test did not hold. Nothing was changed.",
  remedy: "Read the thing again, and compare the paths of the operations with it.",
});

export const TENANT_UNKNOWN = errorKind("tenant_unknown", {
  status: 404,
  summary: "There is no tenant with this id or name.",
  remedy: "List them: `GET /v1/tenants`.",
});

export const TENANT_NOT_EMPTY = errorKind("tenant_not_empty", {
  status: 409,
  summary: "A tenant that still owns something cannot be deleted.",
  remedy: "Delete what it owns first; the message counts it.",
});

export const FILTER_INVALID = errorKind("filter_invalid", {
  status: 400,
  summary: "A filter, the order or the selection of fields of a list is not one that things of this kind have.",
  remedy: "Compare it with docs/inventory.md; the message names what is known.",
});

export const IDEMPOTENCY_KEY_REUSED = errorKind("idempotency_key_reused", {
  status: 422,
  summary: "The header Idempotency-Key was used for another request within the last 24 hours.",
  remedy: "Use a new key for a new request.",
});

export const ADDRESS_ELSEWHERE = errorKind("address_elsewhere", {
  status: 409,
  summary: "A structure asks for an address of a block of another site, and neither site lies within the other.",
  remedy: "Choose a block of the structure's site, or of one above or below it.",
});

export const ADDRESS_NOT_HELD = errorKind("address_not_held", {
  status: 404,
  summary: "An address is to be given back that nobody has, or not the structure that was named.",
  remedy: "See who has what: `GET /v1/address-blocks/{block}/addresses`.",
});

export const STRUCTURE_LEAVING = errorKind("structure_leaving", {
  status: 409,
  summary: "A structure that is being taken down is to get something.",
  remedy: "Wait until it is gone, or put it back into its design.",
});

export const VARIABLE_PATH_INVALID = errorKind("variable_path_invalid", {
  status: 400,
  summary: "A search by a variable does not say one place in the variables and the value there.",
  remedy:
    'Write PATH:VALUE: a variable, then members and places (`os.family:"debian"`, `ntp[0].port:123`, `limits["max files"]:1024`); no wildcards, at most 32 parts and 1,024 characters.',
});

export const HISTORY_BEGINS = errorKind("history_begins", {
  status: 404,
  summary: "The inventory is asked for as it was at a time before history was kept.",
  remedy:
    "Ask for a later time. History is kept from the first start of a version that has it, and of a tenant from its creation.",
});

export const HISTORY_TOO_LONG = errorKind("history_too_long", {
  status: 422,
  summary: "Between now and the time that is asked for lie more changes than are undone for one question.",
  remedy:
    "Ask for a later time, or for one thing alone: `gantry history KIND NAME`. For older states restore a backup of that time elsewhere.",
});
