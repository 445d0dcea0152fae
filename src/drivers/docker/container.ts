import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { containerName, STATE } from "../agent-place.ts";
import type { Target } from "../driver.ts";
import { joinArchive } from "./archives.ts";
import type { DockerAttributes } from "./attributes.ts";
import { isRefusal, refusalText } from "./client.ts";
import type { Container, Engine, Image } from "./engine.ts";
import { DOCKER_IMAGE_MISSING, DOCKER_NAME_TAKEN } from "./errors.ts";
import { configurationHash, containerBody, endpoint, placements, type Placement } from "./model.ts";
import { LABEL } from "./names.ts";
import { ensureNetworks, hostAddress } from "./networks.ts";

/** The container of a foundation: found by its label, made in steps that each may have been done before. */

/** The container that carries the foundation's label. */
export async function findContainer(engine: Engine, id: string): Promise<Container | undefined> {
  const [found] = await engine.containers({ label: [`${LABEL.foundation}=${id}`] });
  return found === undefined ? undefined : engine.container(found);
}

export interface Made {
  readonly container: Container;
  /** It was there before, as it should be. */
  readonly adopted: boolean;
}

/**
 * Makes the container, or adopts the one that is there. One that was made of something else is replaced: whoever calls create
 * wants what the attributes say now. `runtime` is the volume with the runtime of an agent.
 */
export async function makeContainer(
  engine: Engine,
  target: Target,
  attributes: DockerAttributes,
  from: { readonly image: Image; readonly runtime?: string },
  context: FunctionContext,
): Promise<Made> {
  const networks = await ensureNetworks(engine, attributes.networks);
  const places = placements(
    target,
    attributes.networks.length === 0 ? [{ name: "bridge" }] : attributes.networks,
    networks,
  );
  const there = await findContainer(engine, target.id);
  if (there?.Config.Labels[LABEL.configuration] === configurationHash(target, attributes)) {
    await plugIn(engine, target, there, places);
    return { container: there, adopted: true };
  }
  if (there !== undefined) {
    context.message(`container ${there.Name.slice(1)} was made of something else and is replaced`);
    await engine.removeContainer(there.Id);
  }
  const name = containerName(target.name, target.id);
  const body = containerBody(target, attributes, {
    environment: from.image.Config.environment,
    placements: places,
    ...(from.runtime === undefined ? {} : { runtime: from.runtime }),
  });
  let id: string;
  try {
    id = await engine.createContainer(name, body);
  } catch (error) {
    if (!isRefusal(error, 409)) throw error;
    throw new GantryError(DOCKER_NAME_TAKEN, `there is a container ${name} that is not Gantry's`, { cause: error });
  }
  const container = await engine.container(id);
  if (container === undefined)
    throw new GantryError(DOCKER_NAME_TAKEN, `somebody else removed container ${name} at once`);
  await plugIn(engine, target, container, places);
  return { container, adopted: false };
}

/** The image, pulled when it should be. Throws `docker_image_missing`. */
export async function ensureImage(
  engine: Engine,
  { image: name, pull }: Pick<DockerAttributes, "image" | "pull">,
  context: FunctionContext,
): Promise<Image> {
  const there = pull === "always" ? undefined : await engine.image(name);
  if (there !== undefined) return there;
  let failure = "and may not pull it (pull: never)";
  if (pull !== "never") {
    context.message(`pulling image ${name}`);
    const why = await pullImage(engine, name);
    const pulled = why === undefined ? await engine.image(name) : undefined;
    if (pulled !== undefined) return pulled;
    failure = `and pulling it failed: ${why ?? "it is not there afterwards"}`;
  }
  throw new GantryError(DOCKER_IMAGE_MISSING, `the Docker engine has no image ${name}, ${failure}`);
}

/** Gives the agent what it needs to join, unless it has joined before. Returns whether it is to be expected to join. */
export async function deliverJoin(
  engine: Engine,
  target: Target,
  container: Container,
  serverUrls: (gateway: string) => Promise<readonly string[]>,
): Promise<boolean> {
  if (target.join === undefined || (await engine.hasPath(container.Id, STATE.identity))) return false;
  const gateway = await hostAddress(engine, Object.keys(container.NetworkSettings.Networks));
  const near = gateway === undefined ? [] : await serverUrls(gateway);
  const { urls, token } = target.join;
  const join = { urls: [...new Set([...near, ...urls])], token, name: target.name };
  await engine.unpack(container.Id, "/", joinArchive(join));
  return true;
}

/** Plugs the container into the networks after the first, which it is made with. */
async function plugIn(
  engine: Engine,
  target: Target,
  container: Container,
  places: readonly Placement[],
): Promise<void> {
  for (const place of places.slice(1)) {
    if (container.NetworkSettings.Networks[place.network] !== undefined) continue;
    await engine.connect(place.network, { Container: container.Id, EndpointConfig: endpoint(target, place) });
  }
}

async function pullImage(engine: Engine, name: string): Promise<string | undefined> {
  try {
    return await engine.pull(name);
  } catch (error) {
    const said = refusalText(error);
    if (said === "") throw error;
    return said;
  }
}
