/** Rules for names. Source: the field's habits as found in Contractor's models. */

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/;
const HOSTNAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** A DNS label holds 63 characters. */
const LONGEST = 63;

/** What is wrong with the name of a site, block, blueprint, foundation, script or design; undefined when nothing is. */
export function nameProblem(name: string): string | undefined {
  if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
  return NAME.test(name) ? undefined : "must be letters, digits, - and _, beginning with a letter or digit";
}

/** What is wrong with a hostname; undefined when nothing is. The name of a structure is its hostname. */
export function hostnameProblem(name: string): string | undefined {
  if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
  return HOSTNAME.test(name) ? undefined : "is a hostname: lower-case letters, digits and -, with no - at either end";
}

/** What is wrong with the name of a template; undefined when nothing is. Templates are named like files: `conf/site.conf`. */
export function templateNameProblem(name: string): string | undefined {
  const parts = name.split("/");
  const plain = parts.every((part) => /^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$/.test(part) && part !== "." && part !== "..");
  return plain && name.length <= 255 ? undefined : "must be like a file name: letters, digits, . - _ and / between";
}
