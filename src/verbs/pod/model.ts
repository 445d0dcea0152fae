import { z } from "zod";
import { ENGINE_OPTIONS, engineParameters } from "../container_image/index.ts";
import { nodePath, templated } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";

/** POD: pods of the node's container engine. Pure. */

/** It never begins with a dash: it would be an option of the engine. */
const podName = templated(
  z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "is not the name of a pod"),
);

const ACTIONS = ["start", "stop", "kill", "rm", "inspect", "play", "exec-run"] as const;

export const podParameters = z.object({
  action: z
    .enum(ACTIONS)
    .describe("What is done; play makes the pod of a file, exec-run runs a command in a container"),
  name: podName.optional().describe("Name of the pod; with exec-run: of the container"),
  file: nodePath.optional().describe("With play: a pod of Kubernetes in YAML, on the node"),
  command: z.array(z.string().max(65_536)).max(1000).optional().describe("With exec-run: program and arguments"),
  force: z.boolean().optional().describe("With rm: also when it runs"),
  signal: z
    .string()
    .regex(/^(SIG)?[A-Z0-9]+$/)
    .default("SIGKILL")
    .describe("With kill: which signal"),
  privileged: z.boolean().optional().describe("With exec-run: with all rights"),
  tls_verify: z
    .boolean()
    .optional()
    .describe("With play: whether the registry's certificate is checked (podman alone)"),
  ...engineParameters,
});
export type PodParameters = z.output<typeof podParameters>;

export const POD_OPTIONS = {
  start: "value",
  stop: "value",
  kill: "value",
  rm: "value",
  inspect: "value",
  play: "value",
  "exec-run": "value",
  command: "flag",
  force: "flag",
  "kill-signal": "value",
  privileged: "flag",
  "tls-verify": "flag",
  "no-tlsverify": "flag",
  ...ENGINE_OPTIONS,
} as const;

/** `--start NAME`, … `--play FILE`, `--exec-run CONTAINER [--command] PROGRAM [ARGUMENT…]`. Throws `verb_text_wrong`. */
export function readPod(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values } = options;
  const actions = ACTIONS.filter((one) => values.has(one));
  const [action] = actions;
  if (action === undefined || actions.length > 1)
    throw wrong(verb, `needs one of ${ACTIONS.map((one) => `--${one}`).join(", ")}`);
  const words = splitWords(verb, options.rest);
  if (action !== "exec-run" && words.length > 0) throw wrong(verb, `has nothing to do with ${words.join(" ")}`);
  const value = values.get(action);
  return {
    parameters: {
      action,
      name: action === "play" ? undefined : value,
      file: action === "play" ? value : undefined,
      command: words.length === 0 ? undefined : words,
      force: flags.has("force") ? true : undefined,
      signal: values.get("kill-signal"),
      privileged: flags.has("privileged") ? true : undefined,
      tls_verify: flags.has("no-tlsverify") ? false : flags.has("tls-verify") ? true : undefined,
      engine: values.get("engine"),
      socket: values.get("socket-path"),
    },
  };
}

export function podProblem(parameters: PodParameters): string | undefined {
  const { action, name, file, command, force, privileged, engine, tls_verify: verify } = parameters;
  if (action === "play" ? file === undefined : name === undefined)
    return `${action} needs ${action === "play" ? "a file" : "a name"}`;
  if (action === "exec-run" && command === undefined) return "exec-run needs a command";
  if (force === true && action !== "rm") return "force goes with rm";
  if (privileged === true && action !== "exec-run") return "privileged goes with exec-run";
  if (verify !== undefined && action !== "play") return "tls-verify goes with play";
  if (verify === false && engine === "docker")
    return "docker decides about a registry's certificate in its own configuration; no-tlsverify is podman's";
  return undefined;
}
