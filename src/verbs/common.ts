import type { Json, JsonObject } from "../kernel/json.ts";
import {
  COMMON_OPTIONS,
  countOption,
  type OptionKind,
  pairsOption,
  type ParsedOptions,
  present,
  secondsOption,
  wrong,
} from "./options.ts";

/** The options every verb has, from their text form to parameters. Pure. */

/**
 * Options that an orchestration may also give in a job's `vars`, as Directord has it. Not those whose names are everyday names of values
 * (`user`, `env`, `cwd`): a variable must not change who runs a command.
 */
const GIVEN: Readonly<Record<string, keyof typeof COMMON_OPTIONS>> = {
  skip_cache: "skip-cache",
  run_once: "run-once",
  timeout: "timeout",
  retry: "retry",
  retry_wait: "retry-wait",
  stdout_arg: "stdout-arg",
  stderr_arg: "stderr-arg",
  sensitive: "sensitive",
};

/** The options with those of `vars` added; what the text says itself is stronger. Throws `verb_text_wrong`. */
export function withGiven(verb: string, options: ParsedOptions, given: JsonObject): ParsedOptions {
  const flags = new Set(options.flags);
  const values = new Map(options.values);
  for (const [key, value] of Object.entries(given)) {
    const name = Object.hasOwn(GIVEN, key) ? GIVEN[key] : undefined;
    if (name === undefined) continue;
    const kind: OptionKind = COMMON_OPTIONS[name];
    if (kind === "flag") {
      if (typeof value !== "boolean")
        throw wrong(verb, `${key} in vars is true or false, not ${JSON.stringify(value)}`);
      if (value) flags.add(name);
    } else if (typeof value !== "string" && typeof value !== "number") {
      throw wrong(verb, `${key} in vars is a text or a number, not ${JSON.stringify(value)}`);
    } else if (!values.has(name)) values.set(name, String(value));
  }
  return { ...options, flags, values };
}

/** Throws `verb_text_wrong`. */
export function commonOf(verb: string, options: ParsedOptions): Record<string, Json> {
  const { flags, values } = options;
  const wait = values.get("retry-wait");
  if (wait !== undefined && !/^\d+(\.\d+)?$/.test(wait))
    throw wrong(verb, `--retry-wait ${wait} is not a number of seconds`);
  return present<Json>({
    timeout: secondsOption(verb, options, "timeout"),
    retry: countOption(verb, options, "retry"),
    retry_wait: wait === undefined ? undefined : Number(wait),
    environment: pairsOption(verb, options, "env"),
    user: values.get("user"),
    cwd: values.get("cwd"),
    stdout_arg: values.get("stdout-arg"),
    stderr_arg: values.get("stderr-arg"),
    cache: flags.has("skip-cache") ? "renew" : flags.has("cache") ? "use" : undefined,
    sensitive: flags.has("sensitive") ? true : undefined,
  });
}
