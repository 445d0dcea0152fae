import { toolsOf } from "../tools.ts";
import { defineVerb } from "../verb.ts";
import { applyImages } from "./apply.ts";
import {
  CONTAINER_IMAGE_OPTIONS,
  containerImageParameters,
  containerImageProblem,
  readContainerImage,
} from "./model.ts";
import { planImages } from "./plan.ts";

export { type Engine, ENGINE_OPTIONS, engineOf, engineParameters, findEngine } from "./engine.ts";

export const containerImage = defineVerb({
  names: ["CONTAINER_IMAGE"],
  function: "container_image",
  summary: "Images of the node's container engine, podman or docker: pull, push, tag, list, inspect",
  parameters: containerImageParameters,
  safeToRepeat: true,
  options: CONTAINER_IMAGE_OPTIONS,
  texts: ["images", "socket"],
  read: readContainerImage,
  problem: containerImageProblem,
  plan: (parameters, context) => planImages(parameters, toolsOf(context)),
  apply: (parameters, context) =>
    applyImages(parameters, toolsOf(context), (text) => context.output("stdout", Buffer.from(text))),
});
