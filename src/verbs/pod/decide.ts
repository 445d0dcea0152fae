import type { Json } from "../../kernel/json.ts";
import type { Engine } from "../container_image/index.ts";
import type { Tool } from "../tools.ts";
import { POD_LABEL } from "./kube.ts";
import type { PodParameters } from "./model.ts";

/** What a pod is now, and the calls that bring it where it shall be. Pure. */

export interface PodView {
  readonly running: number;
  readonly all: number;
  /** Of the file it was made of, where we made it. */
  readonly hash: string | undefined;
  /** Of docker, where a pod is its containers. */
  readonly containers: readonly string[];
  /** All the engine says of it. */
  readonly said: Json;
}

export type SimpleAction = "start" | "stop" | "kill" | "rm";

/** Whether an action would change a pod. */
export function wouldChange(action: SimpleAction, pod: PodView | undefined): boolean {
  if (pod === undefined) return false;
  if (action === "rm") return true;
  return action === "start" ? pod.running < pod.all : pod.running > 0;
}

/** The calls for an action. The containers of docker come down in the other order than they came up: the first one owns their network. */
export function simpleTools(
  action: SimpleAction,
  parameters: Pick<PodParameters, "name" | "force" | "signal">,
  pod: PodView,
  engine: Engine,
): Tool[] {
  const force = parameters.force === true ? ["--force"] : [];
  const words: Readonly<Record<SimpleAction, readonly string[]>> = {
    start: ["start"],
    stop: ["stop"],
    kill: ["kill", "--signal", parameters.signal],
    rm: ["rm", ...force],
  };
  const name = parameters.name ?? "";
  if (engine.name === "podman") return [engine.tool(["pod", ...words[action], name])];
  const containers = action === "start" ? pod.containers : pod.containers.toReversed();
  // Anonymous volumes go with their container; named ones stay, as those of a pod do.
  const extra = action === "rm" ? ["--volumes"] : [];
  return [engine.tool([...words[action], ...extra, ...containers])];
}

/** Lists the containers of a pod with docker: oldest last. */
export function listContainers(name: string, engine: Engine): Tool {
  return engine.tool(["ps", "--all", "--quiet", "--no-trunc", "--filter", `label=${POD_LABEL}=${name}`], {
    quiet: true,
  });
}

export function execTool(
  parameters: PodParameters & { environment?: Readonly<Record<string, string>> | undefined },
  engine: Engine,
): Tool {
  const variables = Object.entries(parameters.environment ?? {}).flatMap(([name, value]) => [
    "--env",
    `${name}=${value}`,
  ]);
  return engine.tool([
    "exec",
    ...(parameters.privileged === true ? ["--privileged"] : []),
    ...variables,
    parameters.name ?? "",
    ...(parameters.command ?? []),
  ]);
}
