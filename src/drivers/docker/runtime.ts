import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import { type AgentRuntime, RUNTIME } from "../agent-place.ts";
import { whatImageLacks } from "../diagnose.ts";
import { turns } from "../driver.ts";
import { waitUntil } from "../wait.ts";
import { runtimeArchive } from "./archives.ts";
import { isRefusal, refusalText } from "./client.ts";
import type { Container, Engine, Image } from "./engine.ts";
import { DOCKER_IMAGE_UNFIT } from "./errors.ts";
import { runtimeMount } from "./model.ts";
import { LABEL, runtimeName } from "./names.ts";
import { hasEnded } from "./owner.ts";

/**
 * The agent's runtime in an engine: one volume for each hash, shared read-only by all containers, because Node is 121 MB. A helper
 * container, made from the very image that is to run an agent, fills the volume without running, and then tries Node.
 */

export interface RuntimeKeeper {
  /**
   * Sees to it that the volume of the runtime, which the container mounts, is filled, and that the image can run it.
   * Throws `docker_image_unfit`.
   */
  ensure(engine: Engine, use: RuntimeUse, context: FunctionContext): Promise<void>;
  /** Removes helpers that nobody needs: their makers have ended, or forgot them when the engine went away. */
  removeStaleHelpers(engine: Engine): Promise<void>;
}

export interface RuntimeUse {
  /** The container that mounts the runtime, made and not started. */
  readonly container: string;
  readonly image: Image;
  readonly imageName: string;
  readonly runtime: AgentRuntime;
  /** Removes a helper, also after a cancel. Returns whether that went well. */
  discard(helper: string): Promise<boolean>;
}

/** Milliseconds to wait for a worker on another machine that fills the same volume. */
const OTHERS = 120_000;

/** `owner` names whoever keeps, unlike any other keeper in this process or another. */
export function createRuntimeKeeper(owner: string): RuntimeKeeper {
  const inTurn = turns();
  /** Ids of images in which Node has run, each with the hash of its runtime. */
  const fit = new Set<string>();
  /** There may be a helper of ours that the engine did not let us remove. */
  let leftOne = false;
  /** Helpers at work. */
  const busy = new Set<string>();

  function isStale(helper: Container): boolean {
    const of = helper.Config.Labels[LABEL.helper] ?? "";
    return of === owner ? !busy.has(helper.Name.slice(1)) : hasEnded(of);
  }

  /** Makes the helper. Its name is the lock: whoever finds it taken waits for its owner, if that is alive. */
  async function makeHelper(engine: Engine, image: Image, name: string, context: FunctionContext): Promise<void> {
    for (;;) {
      try {
        await engine.createContainer(name, helperBody(image, name, owner));
        return;
      } catch (error) {
        if (!isRefusal(error, 409)) throw error;
      }
      const free = await waitUntil(
        async () => {
          const other = await engine.container(name);
          return other === undefined || isStale(other) || undefined;
        },
        { ...context, every: 200, limit: OTHERS },
      );
      if (free === undefined) context.message("nobody finishes bringing the agent's runtime: beginning again");
      await engine.removeContainer(name);
    }
  }

  return {
    async ensure(engine, { container, image, imageName, runtime, discard }, context) {
      await inTurn(runtime.hash, async () => {
        if (leftOne) await removeStaleHelpers(engine);
        leftOne = false;
        const key = `${image.Id} ${runtime.hash}`;
        if (fit.has(key) && (await engine.hasPath(container, RUNTIME.complete))) return;
        const name = runtimeName(runtime.hash);
        leftOne = true;
        try {
          await makeHelper(engine, image, name, context);
          busy.add(name);
          if (!(await engine.hasPath(name, RUNTIME.complete))) {
            context.message("bringing the agent's runtime into the engine");
            await engine.unpack(name, RUNTIME.folder, runtimeArchive(runtime));
          }
          const lacks = whatImageLacks(await tryNode(engine, name));
          if (lacks !== undefined) throw new GantryError(DOCKER_IMAGE_UNFIT, `image ${imageName} ${lacks}`);
          fit.add(key);
        } finally {
          // Unless it was busy, the name may be somebody else's.
          if (busy.delete(name)) leftOne = !(await discard(name));
        }
      });
    },
    removeStaleHelpers,
  };

  async function removeStaleHelpers(engine: Engine): Promise<void> {
    for (const id of await engine.containers({ label: [LABEL.helper] })) {
      const helper = await engine.container(id);
      if (helper !== undefined && isStale(helper)) await engine.removeContainer(id);
    }
  }
}

function helperBody(image: Image, name: string, owner: string): JsonObject {
  return {
    Image: image.Id,
    Entrypoint: [RUNTIME.node],
    Cmd: ["--version"],
    User: "0:0",
    Healthcheck: { Test: ["NONE"] },
    Labels: { [LABEL.helper]: owner },
    HostConfig: { NetworkMode: "none", Mounts: [runtimeMount(name, false)] },
  };
}

async function tryNode(engine: Engine, helper: string) {
  try {
    await engine.start(helper);
  } catch (error) {
    const refused = refusalText(error);
    if (refused === "") throw error;
    return { refused, output: "" };
  }
  const exitCode = await engine.ended(helper);
  return { exitCode, output: await engine.logs(helper, 20) };
}
