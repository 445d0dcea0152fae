import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { STATE } from "../agent-place.ts";
import type { Observation, Power, Target } from "../driver.ts";
import { waitUntil } from "../wait.ts";
import { refusalText } from "./client.ts";
import type { Container, Engine } from "./engine.ts";
import { DOCKER_CONTAINER_ENDED, DOCKER_PORT_TAKEN } from "./errors.ts";

/** Starting containers, and saying what became of them. */

const LOOK = 100;

/** A paused container answers nobody, and one that keeps ending is not on. */
export function powerOf({ State: { Running, Paused, Restarting } }: Container): Power {
  return Running && !Paused && !Restarting ? "on" : "off";
}

export function observationOf(container: Container): Observation {
  const { Status, ExitCode } = container.State;
  const ended = Status === "exited" || Status === "restarting" ? ` (exit code ${ExitCode})` : "";
  return {
    exists: true,
    power: powerOf(container),
    detail: `container ${container.Name.slice(1)} is ${Status}${ended}`,
  };
}

/** Starts a container that is not running. Throws `docker_port_taken`. */
export async function startContainer(engine: Engine, container: Container): Promise<void> {
  if (container.State.Paused) return void (await engine.unpause(container.Id));
  try {
    await engine.start(container.Id);
  } catch (error) {
    const said = refusalText(error);
    if (!/port is already allocated|address already in use/i.test(said)) throw error;
    throw new GantryError(DOCKER_PORT_TAKEN, `container ${container.Name.slice(1)} cannot start: ${said}`, {
      cause: error,
    });
  }
}

/**
 * Waits until the agent has joined, or its container has ended, or time is up. Returns whether the agent is at work. A container that
 * has ended is stopped, so that it does not end again and again. Throws `docker_container_ended`.
 */
export async function awaitAgent(
  engine: Engine,
  target: Target,
  before: Container,
  wait: { readonly joins: boolean; readonly limit: number },
  context: FunctionContext,
): Promise<boolean> {
  const ready = await waitUntil(
    async () => {
      const now = await engine.container(before.Id);
      const again = now !== undefined && now.RestartCount > 0 && now.RestartCount !== before.RestartCount;
      if (now === undefined || powerOf(now) === "off" || again) {
        throw await endedError(engine, target, now);
      }
      return !wait.joins || (await hasJoined(engine, before.Id)) ? true : undefined;
    },
    { ...context, every: LOOK, limit: wait.limit },
  );
  if (ready === undefined) {
    context.message(
      `the agent of ${target.name} runs and has not joined yet; it tries ${target.join?.urls.join(", ")}`,
    );
  }
  return ready === true;
}

/** The agent removes the join file once it has an identity. */
async function hasJoined(engine: Engine, container: string): Promise<boolean> {
  return (await engine.hasPath(container, STATE.identity)) || !(await engine.hasPath(container, STATE.join));
}

async function endedError(engine: Engine, target: Target, container: Container | undefined): Promise<GantryError> {
  if (container === undefined) {
    return new GantryError(DOCKER_CONTAINER_ENDED, `somebody removed the container of ${target.name} while it started`);
  }
  const said = (await engine.logs(container.Id, 10)).trim();
  await engine.stop(container.Id, 0);
  const { ExitCode, Error, Running } = container.State;
  const how = Running ? "ended again and again" : `ended with exit code ${ExitCode}`;
  const why = [Error, said].filter((part) => part !== "").join("\n");
  return new GantryError(
    DOCKER_CONTAINER_ENDED,
    `the agent in container ${container.Name.slice(1)} (image ${container.Config.Image}) ${how}${why === "" ? "" : `:\n${why}`}`,
  );
}
