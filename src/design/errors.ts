import { errorKind } from "../kernel/errors.ts";

export const BUNDLE_TOO_LARGE = errorKind("bundle_too_large", {
  status: 413,
  summary:
    "The documents and the files they name are together larger than 8 MiB, or there are more than 10,000 of them.",
  remedy: "Give only the folders that hold the design, and keep large content out of it.",
});

export const DESIGN_INVALID = errorKind("design_invalid", {
  status: 422,
  summary: "The documents have problems. All of them are listed, each with its place; nothing was changed.",
  remedy: "Correct the listed places and try again.",
});

export const YAML_SYNTAX = errorKind("yaml_syntax", {
  status: 422,
  summary:
    "A document is not valid YAML, or uses something of YAML that has no meaning here (unknown tags, keys that are not texts).",
  remedy: "Correct the document at the named place.",
});

export const ALIAS_BOMB = errorKind("alias_bomb", {
  status: 422,
  summary: "The aliases of a document would expand to more than 16 million characters, or contain themselves.",
  remedy: "Write out what is repeated, or repeat less.",
});

export const NESTED_TOO_DEEPLY = errorKind("nested_too_deeply", {
  status: 422,
  summary: "A document is nested more than 100 levels deep.",
  remedy: "Flatten it.",
});

export const UNKNOWN_KEY = errorKind("unknown_key", {
  status: 422,
  summary: "A key has no meaning where it stands.",
  remedy: "Correct its name, or take it out.",
});

export const MISSING_KEY = errorKind("missing_key", {
  status: 422,
  summary: "A key that must be there is not.",
  remedy: "Add it.",
});

export const WRONG_TYPE = errorKind("wrong_type", {
  status: 422,
  summary: "A value is of another type than its key asks for.",
  remedy: "Write a value of the type that is asked for; a text that looks like a number needs quotes.",
});

export const INVALID_NAME = errorKind("invalid_name", {
  status: 422,
  summary: "A name breaks the rules for names.",
  remedy: "Use letters, digits, - and _; the name of a structure that is built is a hostname, that of a zone a domain.",
});

export const DUPLICATE_NAME = errorKind("duplicate_name", {
  status: 422,
  summary: "The same thing is defined twice, in one file or in two.",
  remedy: "Rename or remove one of them.",
});

export const UNKNOWN_REFERENCE = errorKind("unknown_reference", {
  status: 422,
  summary: "A name refers to something the design does not have.",
  remedy: "Correct the name, or define what it names.",
});

export const CYCLE = errorKind("cycle", {
  status: 422,
  summary: "Sites, zones, groups, blueprints, structures or what is built depend on themselves in a circle.",
  remedy: "Take one of the named steps out.",
});

export const BLOCKS_OVERLAP = errorKind("blocks_overlap", {
  status: 422,
  summary: "Two address blocks of one site share addresses.",
  remedy: "Make one of them smaller, or move it.",
});

export const INTERFACE_INVALID = errorKind("interface_invalid", {
  status: 422,
  summary: "An interface is of a type that does not fit what is said of it: a VLAN without a tag, a bond of nothing.",
  remedy: "A vlan has a tag and runs over one device; a bonded interface has members; a real one has neither.",
});

export const ZONE_INVALID = errorKind("zone_invalid", {
  status: 422,
  summary: "A zone says something that cannot be: its name is not part of its parent's, or a record has no such value.",
  remedy:
    "Name a zone below its parent (`lab.example.org` in `example.org`), and write records as a zone file has them.",
});

export const STILL_BUILT = errorKind("still_built", {
  status: 409,
  summary: "A design no longer says how a structure is built, but it was built by it and is there.",
  remedy:
    "Take the structure out of the design and apply it: it is taken down. Then write it as one that is only recorded.",
});

export const BLUEPRINT_MISMATCH = errorKind("blueprint_mismatch", {
  status: 422,
  summary:
    "A blueprint is used for what it does not fit: it builds something else, or not on this type or blueprint of foundation.",
  remedy: "Choose a blueprint that fits, or extend `foundation_types` or `foundation_blueprints`.",
});

export const FOUNDATION_OCCUPIED = errorKind("foundation_occupied", {
  status: 422,
  summary: "Two structures stand on one foundation.",
  remedy: "Give each structure a foundation of its own.",
});

export const SCRIPT_MISSING = errorKind("script_missing", {
  status: 422,
  summary:
    "A blueprint that is used has no script `create`, itself or through a parent; or a dependency names a script that is not there.",
  remedy: "Add the script, or a parent that has it.",
});

export const DEPENDENCY_INVALID = errorKind("dependency_invalid", {
  status: 422,
  summary: "A dependency says not what is needed, or says two things.",
  remedy: "Name either the structure or the other dependency that has to be built first.",
});

export const FILE_MISSING = errorKind("file_missing", {
  status: 422,
  summary: "A document names a file that is not there, or was not sent along.",
  remedy: "Correct the path (it is relative to the document), or add the file.",
});

export const FILE_OUTSIDE = errorKind("file_outside", {
  status: 422,
  summary: "A document names a file outside the folder that was given.",
  remedy: "Move the file into the folder, or give `gantry up` the folder that holds both.",
});

export const FILE_UNREADABLE = errorKind("file_unreadable", {
  status: 422,
  summary: "A file or folder cannot be read as text.",
  remedy: "Check the path, its permissions, and that it holds UTF-8 text.",
});

export const NO_DOCUMENTS = errorKind("no_documents", {
  status: 422,
  summary: "The paths that were given hold no YAML documents.",
  remedy: "Give files or folders with `.yaml` or `.yml` files.",
});

export const UNUSED_FOUNDATION = errorKind("unused_foundation", {
  status: 422,
  summary: "A warning: no structure stands on a foundation.",
  remedy: "Nothing, when it is meant to be built as a spare.",
});

export const PLAN_OUTDATED = errorKind("plan_outdated", {
  status: 409,
  summary:
    "Since the plan was made, the inventory, the documents or what really is have changed: it is not the plan any more.",
  remedy: "Make the plan again and look at it.",
});

export const DESIGN_NOT_FOUND = errorKind("design_not_found", {
  status: 404,
  summary: "No design has this name.",
  remedy: "List the designs with `gantry get designs`.",
});

export const TOML_SYNTAX = errorKind("toml_syntax", {
  status: 422,
  summary: "A file of blueprints is not valid TOML, or holds what has no meaning here (dates, numbers without an end).",
  remedy: "Correct the file at the named place.",
});

export const BLUEPRINTS_INVALID = errorKind("blueprints_invalid", {
  status: 422,
  summary:
    "Blueprints that were to be imported have problems. All of them are listed, each with its place; nothing was changed.",
  remedy: "Correct the listed places and import them again.",
});

export const BLUEPRINT_LEFT_OUT = errorKind("blueprint_left_out", {
  status: 422,
  summary: "A warning: a part of a file of blueprints is left out, or wants to be looked at.",
  remedy: "Do what the message says, when it matters.",
});

export const BLUEPRINT_REWRITTEN = errorKind("blueprint_rewritten", {
  status: 422,
  summary: "A note: a name that is another one here was changed while blueprints were imported.",
  remedy: "Nothing needs to be done.",
});

export const MODULE_ELSEWHERE = errorKind("module_elsewhere", {
  status: 422,
  summary: "A warning: a script calls a module, or names a type of foundation, that nobody offers at present.",
  remedy: "Let a worker with that module join; until then jobs wait where the script calls it.",
});
