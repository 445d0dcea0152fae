import { GantryError } from "../kernel/errors.ts";
import { IMPORT_FORMAT_UNKNOWN } from "./errors.ts";
import { readCsv } from "./csv.ts";
import { readAnsible } from "./import-ansible.ts";
import type { ImportDocument, ImportFormat, ImportRequest, SourceFile } from "./import-model.ts";
import { fileName, kindNamed } from "./netbox-objects.ts";
import { readNetBox } from "./netbox.ts";
import { readOsaConfig } from "./osa-config.ts";
import { readOsa } from "./osa.ts";

/** Which format a source has, and its reader. Pure. */

const READERS: Readonly<Record<ImportFormat, (request: ImportRequest) => ImportDocument>> = {
  osa: readOsa,
  "osa-config": readOsaConfig,
  ansible: readAnsible,
  csv: readCsv,
  netbox: readNetBox,
};

/** Reads a source. Errors: `import_invalid` with every problem, `import_format_unknown`. */
export function readSource(request: ImportRequest): ImportDocument {
  const format = request.format ?? guessFormat(request.files);
  if (format !== undefined) return READERS[format](request);
  const [file] = request.files;
  throw new GantryError(
    IMPORT_FORMAT_UNKNOWN,
    `the format of ${file === undefined ? "nothing" : `'${file.path}'`} is not known`,
  );
}

/** What the files look like; undefined when they are none of ours. An Ansible inventory that is no JSON is for Ansible itself to read. */
export function guessFormat(files: readonly SourceFile[]): ImportFormat | undefined {
  const [file] = files;
  if (file === undefined) return undefined;
  if (files.every(({ path }) => /\.csv$/i.test(path))) return "csv";
  if (isJsonText(file.text)) return guessJson(file);
  return /^(cidr_networks|global_overrides|used_ips|shared-infra_hosts)\s*:/m.test(file.text)
    ? "osa-config"
    : undefined;
}

/** A map, or a list of maps: `[web]` is a section of an INI file. */
export function isJsonText(text: string): boolean {
  return /^\s*(?:\{|\[\s*[{\]])/.test(text);
}

/** By the words in it: reading a large file twice takes as long as reading it. */
function guessJson({ path, text }: SourceFile): ImportFormat {
  if (/"hostvars"\s*:/.test(text)) return /"(physical_host|container_networks)"\s*:/.test(text) ? "osa" : "ansible";
  const netBox =
    /"(results|custom_fields|asset_tag|prefix|vid)"\s*:/.test(text) || kindNamed(fileName(path)) !== undefined;
  return !netBox && /"(hosts|children)"\s*:/.test(text) ? "ansible" : "netbox";
}
