import type { VerbResult } from "../model.ts";
import { runTool, type Tools } from "../tools.ts";
import { type Engine, findEngine } from "./engine.ts";
import type { ContainerImageParameters } from "./model.ts";
import { imageId, inspectImages, listImages } from "./plan.ts";

/** What is shown of what was found. */
type Show = (text: string) => void;

export async function applyImages(parameters: ContainerImageParameters, tools: Tools, show: Show): Promise<VerbResult> {
  const engine = await findEngine(parameters, tools, "CONTAINER_IMAGE");
  const { action, images } = parameters;
  switch (action) {
    case "pull":
      return pull(parameters, engine, tools);
    case "push":
      for (const image of images)
        await runTool(tools, engine.tool(["push", ...verification(parameters, engine), image]));
      return { changed: true, engine: engine.name, images: [...images] };
    case "tag":
      return tag(images, engine, tools);
    case "list": {
      const found = await listImages(engine, tools);
      show(`${JSON.stringify(found)}\n`);
      return { changed: false, engine: engine.name, images: found };
    }
    case "inspect": {
      const found = await inspectImages(engine, images, tools);
      show(`${JSON.stringify(found)}\n`);
      return { changed: false, engine: engine.name, images: found };
    }
  }
}

/** Changed is what has another id than before. */
async function pull(parameters: ContainerImageParameters, engine: Engine, tools: Tools): Promise<VerbResult> {
  let changed = false;
  const ids: Record<string, string> = {};
  for (const image of parameters.images) {
    const before = await imageId(engine, image, tools);
    if (before === undefined || parameters.missing !== true)
      await runTool(tools, engine.tool(["pull", ...verification(parameters, engine), image]));
    const after = await imageId(engine, image, tools);
    changed ||= before !== after;
    ids[image] = after ?? "";
  }
  return { changed, engine: engine.name, images: ids };
}

async function tag([from = "", to = ""]: readonly string[], engine: Engine, tools: Tools): Promise<VerbResult> {
  const before = await imageId(engine, to, tools);
  await inspectImages(engine, [from], tools);
  await runTool(tools, engine.tool(["tag", from, to]));
  const after = await imageId(engine, to, tools);
  return { changed: before !== after, engine: engine.name, images: { [to]: after ?? "" } };
}

function verification({ tls_verify: verify }: ContainerImageParameters, engine: Engine): string[] {
  return verify === undefined || engine.name === "docker" ? [] : [`--tls-verify=${verify}`];
}
