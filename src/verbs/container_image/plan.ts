import { GantryError } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { VerbPlan } from "../model.ts";
import { runTool, type Tools } from "../tools.ts";
import { type Engine, findEngine } from "./engine.ts";
import { IMAGE_UNKNOWN } from "./errors.ts";
import type { ContainerImageParameters } from "./model.ts";

export async function planImages(parameters: ContainerImageParameters, tools: Tools): Promise<VerbPlan> {
  const engine = await findEngine(parameters, tools, "CONTAINER_IMAGE");
  const { action, images, missing } = parameters;
  const ids = await Promise.all(images.map((image) => imageId(engine, image, tools)));
  if (action === "list" || action === "inspect") return { changed: false, diff: "" };
  if (action === "push") return { changed: "unknown", diff: "", message: "what the registry has is not looked at" };
  if (action === "tag") {
    const [from, to] = ids;
    if (from === undefined) throw unknownImage(images[0] ?? "", engine);
    const changed = from !== to;
    return {
      changed,
      diff: changed ? `${to === undefined ? "" : `-${images[1]} ${to}\n`}+${images[1]} ${from}\n` : "",
    };
  }
  const absent = images.filter((_, index) => ids[index] === undefined);
  const diff = absent.map((image) => `+${image}\n`).join("");
  if (absent.length > 0 || missing === true) return { changed: absent.length > 0, diff };
  return { changed: "unknown", diff: "", message: "whether the registry has newer ones shows when they are pulled" };
}

/** Undefined when there is no such image. */
export async function imageId(engine: Engine, image: string, tools: Tools): Promise<string | undefined> {
  const end = await tools.run(engine.tool(["image", "inspect", "--format", "{{.Id}}", image], { quiet: true }));
  return end.code === 0 ? end.stdout.trim().replace(/^sha256:/, "") : undefined;
}

/** Throws `container_image_unknown`. */
export async function inspectImages(engine: Engine, images: readonly string[], tools: Tools): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  for (const image of images) {
    const end = await tools.run(engine.tool(["image", "inspect", image], { quiet: true }));
    if (end.code !== 0) throw unknownImage(image, engine);
    found.push(...(JSON.parse(end.stdout) as JsonObject[]));
  }
  return found;
}

/** podman prints a list, docker a line for each. */
export async function listImages(engine: Engine, tools: Tools): Promise<Json[]> {
  const format = engine.name === "podman" ? "json" : "{{json .}}";
  const { stdout } = await runTool(tools, engine.tool(["images", "--no-trunc", "--format", format], { quiet: true }));
  const rows = engine.name === "podman" ? (JSON.parse(stdout) as JsonObject[]) : jsonLines(stdout);
  return rows.map((row) => ({
    id: String(row["ID"] ?? row["Id"] ?? "").replace(/^sha256:/, ""),
    names: namesOf(row),
  }));
}

/** podman has a list of names, or none; docker a repository and a tag, `<none>` where there is none. */
function namesOf(row: JsonObject): Json {
  const { Names: names, Repository: repository, Tag: tag } = row;
  if (Array.isArray(names)) return names;
  if (typeof repository !== "string" || repository === "<none>" || tag === "<none>") return [];
  return [`${repository}:${String(tag)}`];
}

function jsonLines(text: string): JsonObject[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as JsonObject);
}

function unknownImage(image: string, engine: Engine): GantryError {
  return new GantryError(IMAGE_UNKNOWN, `${engine.name} has no image ${image} on this node`);
}
