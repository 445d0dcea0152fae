import { z } from "zod";
import { countOption, type ParsedOptions, splitWords, wrong } from "../options.ts";
import { templated } from "../model.ts";
import type { ReadVerb } from "../verb.ts";
import { MANAGERS } from "./managers.ts";

/** PACKAGE: packages of the node's own package manager. Pure. */

/** A name never begins with a dash: it would be an option of the package manager. */
const packageText = templated(
  z
    .string()
    .max(256)
    .regex(/^[A-Za-z0-9@/][A-Za-z0-9+._:~@/-]*(=[A-Za-z0-9][A-Za-z0-9+._:~-]*\*?)?$/, "is not NAME or NAME=VERSION"),
);

const STATES = ["present", "latest", "absent"] as const;
const REFRESHES = ["auto", "always", "never"] as const;

export const packageParameters = z.object({
  packages: z.array(packageText).min(1).max(500).describe("NAME or NAME=VERSION; a version may end in *"),
  state: z
    .enum(STATES)
    .default("present")
    .describe("present: in any version; latest: in the newest; absent: not there"),
  exclude: z
    .array(packageText)
    .max(100)
    .optional()
    .describe("Packages that may neither be installed nor changed along"),
  purge: z.boolean().optional().describe("With absent: their configuration, too"),
  recommends: z
    .boolean()
    .optional()
    .describe("Whether recommended packages come along; left out: as the node is set up"),
  refresh: z
    .enum(REFRESHES)
    .default("auto")
    .describe("When the index is fetched anew; auto: when it lacks a package, or is old and the newest is wanted"),
  manager: z.enum(MANAGERS).optional().describe("Which package manager; left out: that of the node's system"),
  lock_seconds: z.int().min(0).max(86_400).default(300).describe("Seconds to wait for another package manager to end"),
});
export type PackageParameters = z.output<typeof packageParameters>;

export const PACKAGE_OPTIONS = {
  latest: "flag",
  absent: "flag",
  exclude: "values",
  purge: "flag",
  "no-recommends": "flag",
  recommends: "flag",
  refresh: "flag",
  "no-refresh": "flag",
  "clear-metadata": "flag",
  manager: "value",
  "lock-seconds": "value",
} as const;

/** `[OPTIONS] NAME[=VERSION]…`. Throws `verb_text_wrong`. */
export function readPackage(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values, lists } = options;
  const packages = splitWords(verb, options.rest);
  if (packages.length === 0) throw wrong(verb, "needs the name of a package");
  oneOf(verb, flags, "latest", "absent");
  oneOf(verb, flags, "recommends", "no-recommends");
  oneOf(verb, flags, "refresh", "no-refresh");
  oneOf(verb, flags, "clear-metadata", "no-refresh");
  const always = flags.has("refresh") || flags.has("clear-metadata");
  const exclude = lists.get("exclude")?.flatMap((one) => one.split(",").filter((name) => name !== ""));
  return {
    parameters: {
      packages,
      state: flags.has("absent") ? "absent" : flags.has("latest") ? "latest" : undefined,
      exclude,
      purge: flags.has("purge") ? true : undefined,
      recommends: flags.has("recommends") ? true : flags.has("no-recommends") ? false : undefined,
      refresh: always ? "always" : flags.has("no-refresh") ? "never" : undefined,
      manager: values.get("manager"),
      lock_seconds: countOption(verb, options, "lock-seconds"),
    },
  };
}

function oneOf(verb: string, flags: ReadonlySet<string>, first: string, second: string): void {
  if (flags.has(first) && flags.has(second)) throw wrong(verb, `--${first} and --${second} contradict each other`);
}

/** What is wrong with a combination of them; undefined when nothing is. */
export function packageProblem(parameters: PackageParameters): string | undefined {
  if (parameters.state === "absent" && parameters.packages.some((one) => one.includes("=")))
    return "a package is removed whatever its version is: leave out the version";
  if (parameters.state === "latest" && parameters.packages.some((one) => one.includes("=")))
    return "the latest and a certain version contradict each other";
  if (parameters.purge === true && parameters.state !== "absent") return "purge goes with absent";
  if (parameters.manager === "apk" && (parameters.exclude?.length ?? 0) > 0) return "apk cannot exclude packages";
  return undefined;
}
