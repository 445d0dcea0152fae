import { z } from "zod";
import type { JsonObject } from "../../kernel/json.ts";
import { driverFunction, parseAttributes, type DriverFunction } from "../driver.ts";
import { type DockerAttributes, dockerAttributes } from "./attributes.ts";

/**
 * What Contractor's scripts hand from one function of the driver to the next: what a container is to be, which is `foundation.docker_containerspec`
 * and has the names of our attributes, and which of its ports are published.
 */

const specification = z.record(z.string(), z.json());
const portMap = z.array(z.union([z.int(), z.string()]));

/** What `create` may be given. */
export const SPECIFICATION = z.object({
  container_spec: specification.optional().describe("Attributes, in place of the foundation's"),
  port_map: portMap.optional().describe("Ports to publish, in place of those of the attributes"),
});

/** The attributes a container is made with. Throws `foundation_attributes_invalid`. */
export function specified(own: DockerAttributes, given: unknown): DockerAttributes {
  const { container_spec: wanted, port_map: ports } = SPECIFICATION.parse(given);
  const base = wanted === undefined ? own : parseAttributes("docker", dockerAttributes, wanted);
  return ports === undefined
    ? base
    : { ...base, ports: parseAttributes("docker", dockerAttributes, { image: base.image, ports }).ports };
}

export const PORT_FUNCTIONS: Readonly<Record<string, DriverFunction<DockerAttributes>>> = {
  map_ports: driverFunction({
    summary: "Which ports of a container are to be published, for create",
    parameters: z.object({ container_spec: specification.optional() }),
    observes: true,
    // The engine itself keeps account of ports that are in use, and says so when the container is started.
    run: async (target, { container_spec: wanted }) => ((wanted ?? target.given) as JsonObject)["ports"] ?? [],
  }),
  unmap_ports: driverFunction({
    summary: "Nothing to do: the engine lets go of ports with their container",
    parameters: z.object({}),
    observes: true,
    run: async () => null,
  }),
};
