import { execFile } from "node:child_process";
import { GantryError } from "../kernel/errors.ts";
import { ANSIBLE_FAILED, ANSIBLE_MISSING, IMPORT_TOO_LARGE } from "./errors.ts";
import { MOST_CHARACTERS } from "./import-body.ts";

export interface ListingOptions {
  /** The path as messages name it. */
  readonly shownAs?: string;
  /** The program. */
  readonly program?: string;
  readonly milliseconds?: number;
}

/** 100,000 hosts take it about three minutes. */
const PATIENCE = 600_000;

/**
 * What `ansible-inventory --list --export` says of an inventory: every group with its own variables, every host with its own.
 * Errors: `ansible_missing`, `ansible_failed`, `import_too_large`.
 */
export function listAnsible(path: string, options: ListingOptions = {}): Promise<string> {
  const { shownAs = path, program = "ansible-inventory", milliseconds = PATIENCE } = options;
  return new Promise((resolve, reject) => {
    // A broken inventory is an error and not an empty one; colours and other habits of the user's are left out.
    const env = {
      ...process.env,
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: "1",
      ANSIBLE_INVENTORY_UNPARSED_FAILED: "1",
      ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS: "never",
    };
    const limits = { maxBuffer: MOST_CHARACTERS, timeout: milliseconds, killSignal: "SIGKILL" as const };
    execFile(program, ["-i", path, "--list", "--export"], { env, ...limits }, (error, out, said) => {
      if (error === null) resolve(out);
      else reject(failure(error, said, shownAs, milliseconds));
    });
  });
}

function failure(
  error: Error & { readonly code?: string | number | null; readonly killed?: boolean },
  said: string,
  path: string,
  milliseconds: number,
): GantryError {
  if (error.code === "ENOENT")
    return new GantryError(
      ANSIBLE_MISSING,
      `'${path}' is an Ansible inventory, and ansible-inventory is not installed here`,
    );
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return new GantryError(IMPORT_TOO_LARGE, `ansible-inventory says more than ${MOST_CHARACTERS} bytes of '${path}'`);
  if (error.killed === true)
    return new GantryError(ANSIBLE_FAILED, `ansible-inventory took more than ${milliseconds / 1000} s for '${path}'`);
  const lines = said.split("\n").map((line) => line.trim());
  const last =
    lines.findLast((line) => /^(ERROR|\[WARNING\])/.test(line)) ?? lines.findLast((line) => line !== "") ?? "";
  return new GantryError(ANSIBLE_FAILED, `ansible-inventory cannot read '${path}': ${last.slice(0, 500)}`);
}
