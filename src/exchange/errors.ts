import { errorKind } from "../kernel/errors.ts";

export const IMPORT_INVALID = errorKind("import_invalid", {
  status: 422,
  summary: "What was to be imported has problems. All of them are listed, each with its place; nothing was changed.",
  remedy: "Correct the listed places in the source and import it again.",
});

export const IMPORT_SYNTAX = errorKind("import_syntax", {
  status: 422,
  summary: "A file of an import is not valid in its format, or ends too early.",
  remedy: "Check that the file is whole, and that `--format` names the right format.",
});

export const IMPORT_SHAPE = errorKind("import_shape", {
  status: 422,
  summary: "A part of an import is not what stands at this place in its format.",
  remedy: "Correct the named place.",
});

export const IMPORT_NOT_TEXT = errorKind("import_not_text", {
  status: 422,
  summary: "A file of an import is not UTF-8 text.",
  remedy: "Convert it, for example: iconv -f LATIN1 -t UTF-8 FILE.",
});

export const IMPORT_TOO_LARGE = errorKind("import_too_large", {
  status: 413,
  summary:
    "An import is larger than 256 MiB, has more than 10,000 files, or needs more memory or time than an import may use.",
  remedy: "Import it in parts, each under a name of its own.",
});

export const IMPORT_TOO_DEEP = errorKind("import_too_deep", {
  status: 422,
  summary: "A file of an import is nested more than 66 levels deep, or its aliases expand without bound.",
  remedy: "Flatten it, or write out what is repeated.",
});

export const IMPORT_FORMAT_UNKNOWN = errorKind("import_format_unknown", {
  status: 422,
  summary: "Nothing in the source tells which format it has.",
  remedy: "Name it: `--format osa`, `osa-config`, `ansible`, `csv` or `netbox`.",
});

export const IMPORT_CIRCLE = errorKind("import_circle", {
  status: 422,
  summary: "Groups, structures or sites of an import contain themselves in a circle.",
  remedy: "Take one of the named steps out of the source.",
});

export const IMPORT_DUPLICATE = errorKind("import_duplicate", {
  status: 422,
  summary: "An import names the same thing twice.",
  remedy: "Remove or rename one of them.",
});

export const IMPORT_LEFT_OUT = errorKind("import_left_out", {
  status: 422,
  summary: "A warning: a part of the source has no place in the inventory and is not imported.",
  remedy: "Nothing, when it is not needed; else change the named place in the source.",
});

export const IMPORT_FILE = errorKind("import_file", {
  status: 422,
  summary:
    "A file, folder or archive that was to be imported cannot be read, or holds what an inventory must not hold (links, paths that lead outside).",
  remedy: "Check the path and what is in it.",
});

export const IMPORT_OUTDATED = errorKind("import_outdated", {
  status: 409,
  summary:
    "Since the plan of an import was made, the inventory or the source has changed: it is not the plan any more.",
  remedy: "Make the plan again and look at it.",
});

export const ANSIBLE_MISSING = errorKind("ansible_missing", {
  status: 422,
  summary: "An Ansible inventory is read by `ansible-inventory`, which is not installed here.",
  remedy:
    "Install it (Debian: apt-get install ansible-core), or give the output of `ansible-inventory --list --export` as a file.",
});

export const ANSIBLE_FAILED = errorKind("ansible_failed", {
  status: 422,
  summary: "`ansible-inventory` could not read the inventory, or took too long.",
  remedy: "Run `ansible-inventory -i PATH --list` by hand and correct what it reports.",
});

export const FILE_VARIABLE_INVALID = errorKind("file_variable_invalid", {
  status: 422,
  summary: "A variable that is a file (`$file`) is not written as one.",
  remedy:
    'Write {"$file": "tls/web.pem", "content": "text"} or {"$file": "tls/web.pem", "base64": "bytes"}; the path stays inside the bundle.',
});

export const GIT_URL_NOT_ALLOWED = errorKind("git_url_not_allowed", {
  status: 422,
  summary: "A group's configuration is at a git URL, revision or path that is not allowed.",
  remedy:
    "Use https://, ssh:// or git://, without a password in it. Local paths need the server's setting `git_local`.",
});

export const GIT_FAILED = errorKind("git_failed", {
  status: 502,
  summary: "A group's configuration could not be fetched: git failed, or took too long.",
  remedy: "Check the URL, the revision and the access: run `git ls-remote URL REVISION` as the server's user.",
});

export const CONFIGURATION_FILE_INVALID = errorKind("configuration_file_invalid", {
  status: 422,
  summary: "A file of a group's configuration is not a YAML map of variables, or there is too much of it.",
  remedy: "Correct the named file in its repository; at most 200 files and 8 MiB are read for one group.",
});

export const EXPORT_FORMAT_UNKNOWN = errorKind("export_format_unknown", {
  status: 404,
  summary:
    "An inventory is exported as GROUP.tgz, GROUP.zip or GROUP.json; one bundle for each host only as tgz or zip.",
  remedy: "Ask for `/v1/inventory/all.tgz`, or for the id or name of a group in place of `all`.",
});

export const EXPORT_NAME_UNSAFE = errorKind("export_name_unsafe", {
  status: 422,
  summary: "A host cannot have a bundle of its own: its name cannot be the name of a file.",
  remedy: "Export it together with others, or rename it.",
});

export const EXPORT_FAILED = errorKind("export_failed", {
  status: 500,
  summary: "The thread that makes exports broke off or ran out of memory.",
  remedy: "Export fewer hosts at once (a group, a site), and look into the server's log.",
});

export const EXPORT_FOLDER_OCCUPIED = errorKind("export_folder_occupied", {
  status: 409,
  summary: "Where an inventory should be written is something that no export has made.",
  remedy: "Name another path, or replace what is there with --force.",
});

export const EXPORT_UNREADABLE = errorKind("export_unreadable", {
  status: 422,
  summary: "A bundle that was received is broken, or holds what a bundle never holds (links, paths that lead outside).",
  remedy: "Export it again; if it happens again, look at what stands between you and the server.",
});
