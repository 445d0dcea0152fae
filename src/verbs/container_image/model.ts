import { z } from "zod";
import { templated } from "../model.ts";
import { type ParsedOptions, splitWords, wrong } from "../options.ts";
import type { ReadVerb } from "../verb.ts";
import { ENGINE_OPTIONS, engineParameters } from "./engine.ts";

/** CONTAINER_IMAGE: images of the node's container engine. Pure. */

/** It never begins with a dash: it would be an option of the engine. */
export const imageName = templated(
  z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$/, "is not the name of an image"),
);

const ACTIONS = ["pull", "push", "tag", "list", "inspect"] as const;

export const containerImageParameters = z.object({
  action: z.enum(ACTIONS).describe("What is done: tag gives the first image the second one's name as well"),
  images: z.array(imageName).max(200).default([]).describe("Names of images, with their tag or digest"),
  missing: z.boolean().optional().describe("With pull: only images that are not there"),
  tls_verify: z.boolean().optional().describe("false: the registry's certificate is not checked (podman alone)"),
  ...engineParameters,
});
export type ContainerImageParameters = z.output<typeof containerImageParameters>;

export const CONTAINER_IMAGE_OPTIONS = {
  pull: "flag",
  push: "flag",
  tag: "flag",
  list: "flag",
  inspect: "flag",
  "if-missing": "flag",
  "no-tlsverify": "flag",
  ...ENGINE_OPTIONS,
} as const;

/** `--pull|--push|--tag|--list|--inspect [OPTIONS] [IMAGE…]`. Throws `verb_text_wrong`. */
export function readContainerImage(options: ParsedOptions, verb: string): ReadVerb {
  const { flags, values } = options;
  const actions = ACTIONS.filter((one) => flags.has(one));
  if (actions.length !== 1) throw wrong(verb, `needs one of ${ACTIONS.map((one) => `--${one}`).join(", ")}`);
  return {
    parameters: {
      action: actions[0],
      images: splitWords(verb, options.rest),
      missing: flags.has("if-missing") ? true : undefined,
      tls_verify: flags.has("no-tlsverify") ? false : undefined,
      engine: values.get("engine"),
      socket: values.get("socket-path"),
    },
  };
}

export function containerImageProblem(parameters: ContainerImageParameters): string | undefined {
  const { action, images, missing, engine, tls_verify: verify } = parameters;
  if (action === "tag" && images.length !== 2) return "tag needs two names: the image, and its new name";
  if (action === "list" && images.length > 0) return "list takes no names; inspect does";
  if (action !== "list" && images.length === 0) return `${action} needs the name of an image`;
  if (missing === true && action !== "pull") return "if-missing goes with pull";
  if (verify !== undefined && engine === "docker")
    return "docker decides about a registry's certificate in its own configuration; no-tlsverify is podman's";
  return undefined;
}
