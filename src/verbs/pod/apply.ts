import { type Engine, findEngine } from "../container_image/index.ts";
import type { CommonParameters, VerbResult } from "../model.ts";
import { runTool } from "../tools.ts";
import { execTool, simpleTools, wouldChange } from "./decide.ts";
import { dockerRuns, labelled, type ReadPod } from "./kube.ts";
import type { PodParameters } from "./model.ts";
import { isAsWanted, type PodWorld, readPodFile, unknownPod, viewPod } from "./plan.ts";

export async function applyPod(parameters: PodParameters & CommonParameters, world: PodWorld): Promise<VerbResult> {
  const { action, name = "" } = parameters;
  const engine = await findEngine(parameters, world.tools, "POD");
  if (action === "exec-run") {
    const { code } = await runTool(world.tools, execTool(parameters, engine));
    return { changed: true, engine: engine.name, exit_code: code };
  }
  if (action === "play") return play(parameters, engine, world);
  const pod = await viewPod(name, engine, world.tools);
  if (pod === undefined) {
    if (action === "rm") return { changed: false, engine: engine.name };
    throw unknownPod(name, engine);
  }
  if (action === "inspect") {
    world.show(`${JSON.stringify(pod.said)}\n`);
    return { changed: false, engine: engine.name, pod: pod.said };
  }
  const changed = wouldChange(action, pod);
  if (changed) for (const tool of simpleTools(action, parameters, pod, engine)) await runTool(world.tools, tool);
  return { changed, engine: engine.name };
}

/** A pod of another file takes the place of the one that is there. */
async function play(parameters: PodParameters, engine: Engine, world: PodWorld): Promise<VerbResult> {
  const pod = await readPodFile(parameters, world);
  const now = await viewPod(pod.name, engine, world.tools);
  if (isAsWanted(pod, now)) return { changed: false, engine: engine.name, name: pod.name };
  if (engine.name === "podman") await playPodman(pod, parameters, engine, world);
  else {
    const runs = dockerRuns(pod, world.path(parameters.file ?? ""));
    if (now !== undefined) {
      const gone = { name: pod.name, force: true, signal: "SIGKILL" };
      for (const tool of simpleTools("rm", gone, now, engine)) await runTool(world.tools, tool);
    }
    for (const words of runs) await runTool(world.tools, engine.tool(words));
  }
  return { changed: true, engine: engine.name, name: pod.name };
}

async function playPodman(pod: ReadPod, parameters: PodParameters, engine: Engine, world: PodWorld): Promise<void> {
  const { tls_verify: verify } = parameters;
  const words = ["play", "kube", "--replace", ...(verify === undefined ? [] : [`--tls-verify=${verify}`]), "-"];
  await runTool(world.tools, engine.tool(words, { input: JSON.stringify(labelled(pod)) }));
}
