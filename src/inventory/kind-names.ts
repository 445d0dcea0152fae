import { isPrintable } from "./bounds.ts";

/** Rules for the names of each kind of thing: what is wrong with one, as the end of a sentence; undefined when nothing is. */

const LONGEST_NAME = 255;

/** Groups and structures are named as Ansible allows: printable, without blanks and slashes. */
export function ansibleNameProblem(name: string): string | undefined {
  if (name.length === 0) return "is empty";
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  if (!isPrintable(name)) return "holds characters that cannot be printed";
  return /[\s/]/u.test(name) ? "must have no blanks and no /" : undefined;
}

/** `OWNER/DEVICE`. */
export function interfaceNameProblem(name: string): string | undefined {
  const slash = name.indexOf("/");
  if (slash < 0) return "must be OWNER/DEVICE";
  const owner = ansibleNameProblem(name.slice(0, slash));
  return owner === undefined ? deviceProblem(name.slice(slash + 1)) : `must be OWNER/DEVICE: the owner ${owner}`;
}

/** A network device as switches and operating systems call them: `eth0`, `Ethernet1/49`, `bond0.10`. */
export function deviceProblem(name: string): string | undefined {
  if (name.length === 0 || name.length > 64) return "must be a device of 1 to 64 characters";
  return isPrintable(name) && !/\s/u.test(name) ? undefined : "must be a device: printable, without blanks";
}

/** A domain: labels of letters, digits, - and _ (for SRV), joined by dots, without one at the end. */
export function domainProblem(name: string): string | undefined {
  if (name.endsWith(".")) return "is written without a dot at the end";
  if (name.length > 253) return "is longer than 253 characters";
  return name.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?$/.test(label))
    ? undefined
    : "must be a domain: labels of lower-case letters, digits, - and _, joined by dots";
}
