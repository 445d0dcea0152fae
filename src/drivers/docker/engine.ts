import { finished } from "node:stream/promises";
import type { Readable } from "node:stream";
import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { type EngineClient, isRefusal } from "./client.ts";
import { demultiplex, pullFailure } from "./streams.ts";

/** The calls of the Engine API that Gantry uses, with their types. `undefined` is what is not there. */

const containerSchema = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  RestartCount: z.int().default(0),
  State: z.looseObject({
    Status: z.string(),
    Running: z.boolean(),
    Paused: z.boolean().default(false),
    Restarting: z.boolean().default(false),
    ExitCode: z.int().default(0),
    Error: z.string().default(""),
  }),
  Config: z.looseObject({ Image: z.string(), Labels: textMap() }),
  NetworkSettings: z.looseObject({
    Networks: z
      .record(
        z.string(),
        z.looseObject({
          IPAddress: z.string().default(""),
          IPPrefixLen: z.int().default(0),
          Gateway: z.string().default(""),
          MacAddress: z.string().default(""),
        }),
      )
      .nullish()
      .transform((networks) => networks ?? {}),
  }),
});

const imageSchema = z.looseObject({
  Id: z.string(),
  Config: z
    .looseObject({ Env: z.array(z.string()).nullish() })
    .nullish()
    .transform((config) => ({ environment: config?.Env ?? [] })),
});

const networkSchema = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string().default(""),
  Labels: textMap(),
  IPAM: z.looseObject({
    Config: z
      .array(z.looseObject({ Subnet: z.string().default(""), Gateway: z.string().optional() }))
      .nullish()
      .transform((config) => config ?? []),
  }),
});

const volumesSchema = z.looseObject({
  Volumes: z
    .array(z.looseObject({ Name: z.string() }))
    .nullish()
    .transform((volumes) => volumes ?? []),
});

export type Container = z.output<typeof containerSchema>;
export type Image = z.output<typeof imageSchema>;
export type EngineNetwork = z.output<typeof networkSchema>;
export type Engine = ReturnType<typeof createEngine>;

const listSchema = z.array(z.looseObject({ Id: z.string() }));
const created = z.looseObject({ Id: z.string() });

/** The engine for one call of a driver's function: `signal` ends all requests. */
export function createEngine(client: EngineClient, signal: AbortSignal) {
  const post = (path: string, body?: Json, query?: Record<string, string>) =>
    client.bytes({ method: "POST", path, signal, ...(body === undefined ? {} : { body }), ...(query && { query }) });
  const remove = (path: string, query: Record<string, string> = {}) =>
    client.bytes({ method: "DELETE", path, query, signal });
  const get = <T>(path: string, schema: z.ZodType<T>, query: Record<string, string> = {}) =>
    client.json({ method: "GET", path, query, signal }, schema);

  return {
    title: client.title,

    image: (name: string) => orNothing(get(`/images/${encodeURIComponent(name)}/json`, imageSchema)),

    /** Pulls an image. Returns why it could not; undefined when it could. */
    async pull(name: string): Promise<string | undefined> {
      const answer = await client.bytes({ method: "POST", path: "/images/create", query: pullQuery(name), signal });
      return pullFailure(answer.toString("utf8"));
    },

    container: (name: string) => orNothing(get(`/containers/${name}/json`, containerSchema)),

    /** Ids of all containers, also stopped ones, that the filters pass. */
    async containers(filters: Record<string, string[]>): Promise<readonly string[]> {
      const list = await get("/containers/json", listSchema, { all: "1", filters: JSON.stringify(filters) });
      return list.map(({ Id }) => Id);
    },

    async createContainer(name: string, body: Json): Promise<string> {
      const answer = await client.json(
        { method: "POST", path: "/containers/create", query: { name }, body, signal },
        created,
      );
      return answer.Id;
    },

    start: (id: string) => post(`/containers/${id}/start`),
    unpause: (id: string) => post(`/containers/${id}/unpause`),
    /** SIGTERM, after `seconds` SIGKILL. Returns when it has ended. */
    stop: (id: string, seconds: number) => post(`/containers/${id}/stop`, undefined, { t: String(seconds) }),

    /** Removes a container, running or not, with its unnamed volumes. */
    async removeContainer(id: string): Promise<boolean> {
      try {
        await remove(`/containers/${id}`, { force: "1", v: "1" });
        return true;
      } catch (error) {
        // 409: somebody else is removing it this moment.
        if (isRefusal(error, 404) || isRefusal(error, 409)) return false;
        throw error;
      }
    },

    /** Waits for the end of a started container. Returns its exit code. */
    async ended(id: string): Promise<number> {
      const path = `/containers/${id}/wait`;
      const answer = await client.json({ method: "POST", path, signal }, z.looseObject({ StatusCode: z.int() }));
      return answer.StatusCode;
    },

    /** The last lines a container printed, both streams together. */
    async logs(id: string, lines: number): Promise<string> {
      const query = { stdout: "1", stderr: "1", tail: String(lines) };
      return demultiplex(await client.bytes({ method: "GET", path: `/containers/${id}/logs`, query, signal }));
    },

    /** Unpacks a tar archive below a folder of a container, which need not run. */
    async unpack(id: string, folder: string, archive: Readable): Promise<void> {
      const query = { path: folder, noOverwriteDirNonDir: "true" };
      await client.bytes({ method: "PUT", path: `/containers/${id}/archive`, query, body: archive, signal });
    },

    /** Whether a container, which need not run, has a file or folder. */
    async hasPath(id: string, path: string): Promise<boolean> {
      try {
        const answer = await client.open({
          method: "HEAD",
          path: `/containers/${id}/archive`,
          query: { path },
          signal,
        });
        await finished(answer.resume());
        return true;
      } catch (error) {
        if (isRefusal(error, 404)) return false;
        throw error;
      }
    },

    network: (name: string) => orNothing(get(`/networks/${encodeURIComponent(name)}`, networkSchema)),
    networks: (filters: Record<string, string[]> = {}) =>
      get("/networks", z.array(networkSchema), { filters: JSON.stringify(filters) }),
    createNetwork: (body: Json) => post("/networks/create", body),
    connect: (network: string, body: Json) => post(`/networks/${network}/connect`, body),
    removeNetwork: (id: string) => remove(`/networks/${id}`),

    async volumes(filters: Record<string, string[]>): Promise<readonly string[]> {
      const { Volumes } = await get("/volumes", volumesSchema, { filters: JSON.stringify(filters) });
      return Volumes.map(({ Name }) => Name);
    },
    removeVolume: (name: string) => remove(`/volumes/${name}`),
  };
}

/** `name:tag`, `name@digest`; without a tag the engine would pull all of them. */
function pullQuery(name: string): Record<string, string> {
  if (name.includes("@")) return { fromImage: name };
  const colon = name.lastIndexOf(":");
  const tagged = colon > name.lastIndexOf("/");
  return tagged ? { fromImage: name.slice(0, colon), tag: name.slice(colon + 1) } : { fromImage: name, tag: "latest" };
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isRefusal(error, 404)) return undefined;
    throw error;
  }
}

function textMap() {
  return z
    .record(z.string(), z.string())
    .nullish()
    .transform((map) => map ?? {});
}
