// oxlint-disable gantry/no-shell -- the shell a user logs in with
import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { nodePath, templated } from "../model.ts";
import { countOption, type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** USER: an account of the node. Pure. */

/** As useradd(8) takes it: it never begins with a dash. */
export const accountName = templated(
  z
    .string()
    .max(32)
    .regex(/^[a-z_][a-z0-9_.-]*\$?$/i, "is not a name of letters, digits, dots, dashes and underscores"),
);

export const accountNumber = z.int().min(0).max(4_294_967_294);

const oneLine = z
  .string()
  .max(256)
  .refine((text) => !/[:\n\0]/.test(text), "holds a colon or a line end");

/** What crypt(3) makes, or `*` and `!` for no password. */
const passwordHash = templated(
  z.string().regex(/^(\$[A-Za-z0-9./$=,_-]+|[*!]+)$/, "is not the hash of a password, as `openssl passwd -6` makes it"),
);

const publicKey = templated(
  z
    .string()
    .max(16_384)
    .regex(
      /^[^\n\0]*(ssh-[a-z0-9@.-]+|ecdsa-[a-z0-9@.-]+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+[^\n\0]*$/,
      "is not one public key of SSH",
    ),
);

/** A path inside another system. */
export const systemRoot = nodePath.describe("Folder of another system: its accounts are meant, not the node's own");

export const userParameters = z.object({
  name: accountName.describe("Name of the user"),
  state: z.enum(["present", "absent"]).default("present").describe("Whether it shall be there"),
  uid: accountNumber.optional().describe("Its number"),
  group: accountName
    .optional()
    .describe("Its own group, which must be there; left out for a new user: one of its name"),
  groups: z.array(accountName).max(200).optional().describe("The other groups it is in: these and no others"),
  append: z.boolean().optional().describe("The groups are added to those it is in"),
  shell: oneLine.optional().describe("Its shell"),
  home: oneLine.optional().describe("Its home; files of a user that is there are not moved"),
  create_home: z
    .boolean()
    .optional()
    .describe("Whether a new user's home is made; left out: yes, unless it is a system user"),
  comment: oneLine.optional().describe("Its whole name, or what it is for"),
  system: z.boolean().optional().describe("A new user gets a number of the system's range"),
  password: passwordHash.optional().describe("Hash of its password, never the password itself"),
  keys: z.array(publicKey).max(200).optional().describe("Public keys of SSH it may log in with"),
  only_keys: z.boolean().optional().describe("These keys and no others"),
  remove_home: z.boolean().optional().describe("With absent: its home and mail, too"),
  root: systemRoot.optional(),
});
export type UserParameters = z.output<typeof userParameters>;

export const USER_OPTIONS = {
  absent: "flag",
  uid: "value",
  group: "value",
  groups: "value",
  append: "flag",
  shell: "value",
  home: "value",
  "no-create-home": "flag",
  "create-home": "flag",
  comment: "value",
  system: "flag",
  password: "value",
  key: "values",
  "only-keys": "flag",
  "remove-home": "flag",
  root: "value",
} as const;

/** `[OPTIONS] NAME`. Throws `verb_text_wrong`. */
export function readUser(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values, lists } = options;
  const [name, ...more] = splitWords(verb, options.rest);
  if (name === undefined || more.length > 0) throw wrong(verb, "needs one name");
  const keys = lists.get("key");
  const parameters: Record<string, Json | undefined> = {
    name,
    state: flags.has("absent") ? "absent" : undefined,
    uid: countOption(verb, options, "uid"),
    group: values.get("group"),
    groups: values
      .get("groups")
      ?.split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
    append: flag(flags, "append"),
    shell: values.get("shell"),
    home: values.get("home"),
    create_home: flags.has("create-home") ? true : flags.has("no-create-home") ? false : undefined,
    comment: values.get("comment"),
    system: flag(flags, "system"),
    password: values.get("password"),
    keys: keys === undefined ? undefined : [...keys],
    only_keys: flag(flags, "only-keys"),
    remove_home: flag(flags, "remove-home"),
    root: values.get("root"),
  };
  return { parameters };
}

function flag(flags: ReadonlySet<string>, name: string): true | undefined {
  return flags.has(name) ? true : undefined;
}

/** What is wrong with a combination of them; undefined when nothing is. */
export function userProblem(parameters: UserParameters): string | undefined {
  const { state, keys, only_keys: only, groups, append, remove_home: remove } = parameters;
  if (append === true && groups === undefined) return "append goes with groups";
  if (only === true && keys === undefined) return "only_keys goes with keys";
  if (remove === true && state !== "absent") return "remove_home goes with absent";
  const told = ["uid", "group", "groups", "shell", "home", "comment", "password", "keys", "system"] as const;
  const odd = state === "absent" ? told.find((name) => parameters[name] !== undefined) : undefined;
  return odd === undefined ? undefined : `${odd} does not go with absent`;
}
