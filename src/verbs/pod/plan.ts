import { readFile } from "node:fs/promises";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { type Engine, findEngine } from "../container_image/index.ts";
import type { VerbPlan } from "../model.ts";
import { runTool, type Tools } from "../tools.ts";
import { listContainers, type PodView, type SimpleAction, wouldChange } from "./decide.ts";
import { POD_FILE_WRONG, POD_UNKNOWN } from "./errors.ts";
import { HASH_LABEL, type ReadPod, readKube } from "./kube.ts";
import type { PodParameters } from "./model.ts";

/** What the verb uses of the world. */
export interface PodWorld {
  readonly tools: Tools;
  /** Absolute path on the node. */
  path(path: string): string;
  show(text: string): void;
}

export async function planPod(parameters: PodParameters, world: PodWorld): Promise<VerbPlan> {
  const { action, name = "" } = parameters;
  const engine = await findEngine(parameters, world.tools, "POD");
  if (action === "inspect") return { changed: false, diff: "" };
  if (action === "exec-run")
    return { changed: "unknown", diff: "", message: "what a command changes shows when it runs" };
  if (action === "play") {
    const pod = await readPodFile(parameters, world);
    const now = await viewPod(pod.name, engine, world.tools);
    const changed = !isAsWanted(pod, now);
    return { changed, diff: changed ? `${now === undefined ? "" : `-pod ${pod.name}\n`}+pod ${pod.name}\n` : "" };
  }
  const pod = await viewPod(name, engine, world.tools);
  if (pod === undefined && action !== "rm") throw unknownPod(name, engine);
  const changed = wouldChange(action, pod);
  return { changed, diff: changed ? `${SIGNS[action]}pod ${name} (${action})\n` : "" };
}

const SIGNS: Readonly<Record<SimpleAction, string>> = { start: "+", stop: "-", kill: "-", rm: "-" };

/** Made of this very file, and all of it runs. */
export function isAsWanted(pod: ReadPod, now: PodView | undefined): boolean {
  return now !== undefined && now.hash === pod.hash && now.running === now.all;
}

export function unknownPod(name: string, engine: Engine): GantryError {
  return new GantryError(POD_UNKNOWN, `${engine.name} has no pod ${name} on this node`);
}

/** Throws `pod_file_wrong`. */
export async function readPodFile({ file = "" }: PodParameters, world: PodWorld): Promise<ReadPod> {
  const path = world.path(file);
  // Only this action needs it.
  const { parse } = await import("yaml");
  let document: Json;
  try {
    document = parse(await readFile(path, "utf8")) as Json;
  } catch (error) {
    throw new GantryError(POD_FILE_WRONG, `${path} cannot be read: ${messageOf(error)}`);
  }
  return readKube(document, path);
}

/** Undefined when there is no such pod. */
export async function viewPod(name: string, engine: Engine, tools: Tools): Promise<PodView | undefined> {
  return engine.name === "podman" ? viewPodman(name, engine, tools) : viewDocker(name, engine, tools);
}

async function viewPodman(name: string, engine: Engine, tools: Tools): Promise<PodView | undefined> {
  const end = await tools.run(engine.tool(["pod", "inspect", name], { quiet: true }));
  if (end.code !== 0) return undefined;
  const parsed = JSON.parse(end.stdout) as JsonObject | JsonObject[];
  const said = Array.isArray(parsed) ? parsed[0] : parsed;
  if (said === undefined) return undefined;
  const containers = (said["Containers"] ?? []) as JsonObject[];
  return {
    running: containers.filter((one) => one["State"] === "running").length,
    all: containers.length,
    hash: labelOf(said["Labels"]),
    containers: [],
    said,
  };
}

async function viewDocker(name: string, engine: Engine, tools: Tools): Promise<PodView | undefined> {
  const listed = await runTool(tools, listContainers(name, engine));
  const ids = listed.stdout.split("\n").filter((id) => id !== "");
  if (ids.length === 0) return undefined;
  const { stdout } = await runTool(tools, engine.tool(["inspect", ...ids], { quiet: true }));
  const found = (JSON.parse(stdout) as JsonObject[]).toSorted((a, b) =>
    String(a["Created"]) < String(b["Created"]) ? -1 : 1,
  );
  return {
    running: found.filter((one) => (one["State"] as JsonObject)["Running"] === true).length,
    all: found.length,
    hash: labelOf((found[0]?.["Config"] as JsonObject | undefined)?.["Labels"]),
    containers: found.map((one) => String(one["Id"])),
    said: found,
  };
}

function labelOf(labels: Json | undefined): string | undefined {
  const value = (labels as JsonObject | null | undefined)?.[HASH_LABEL];
  return typeof value === "string" ? value : undefined;
}
