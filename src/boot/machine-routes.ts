import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { BOOT_SCOPE, MACHINE_SCOPE, needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { BOOT_MACHINE_NEEDED } from "./errors.ts";
import type { BootKeys } from "./keys.ts";
import type { Asker, BootMachine } from "./machine.ts";
import type { Said } from "./signaling.ts";
import type { BootKey } from "./model.ts";

const tags = ["boot"];
const TEXT = "text/plain; charset=utf-8";

const CONFIGURATION = z.object({
  foundation: z.string().nullable(),
  structure: z.string().nullable(),
  site: z.string().nullable(),
  blueprint: z.string(),
  variables: z.record(z.string(), z.unknown()).describe("Resolved and rendered, with how the machine is connected"),
});
const SAID = z
  .strictObject({
    outcome: z.enum(["done", "failed"]).default("done"),
    message: z.string().max(1000).default(""),
  })
  .nullish()
  .transform((said): Said => said ?? { outcome: "done", message: "" });

export interface MachineRouteParts {
  readonly machine: BootMachine;
  readonly keys: BootKeys;
  /** A machine says that it is done. */
  said(key: BootKey, said: Said): Promise<void>;
}

/**
 * `/v1/boot/…`: what a machine asks of itself. Each twice: with the key, or a structure's token, in the header `Authorization`; and with the
 * key in the path, because iPXE and installers can do no more than fetch an address.
 */
export function machineRoutes({ app }: HttpServer, { machine, keys, said }: MachineRouteParts): void {
  /** Who asks by the header. Errors: `unauthenticated`, `boot_machine_needed`. */
  async function asking(request: FastifyRequest): Promise<Asker> {
    const { kind, tenantId, structureId, name } = request.principal as Principal;
    if (structureId !== undefined) return { tenantId, structureId };
    if (kind !== "machine") throw new GantryError(BOOT_MACHINE_NEEDED, `${name} is no machine`);
    const text = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    return { key: await keys.admit(text), text };
  }
  const named = async (text: string): Promise<Asker> => ({ key: await keys.admit(text), text });

  const asked = {
    configuration: {
      summary: "What the machine is, and its variables",
      answer: { 200: CONFIGURATION },
      of: (asker: Asker, base: string) => machine.configuration(asker, base),
    },
    script: {
      summary: "The boot script of the profile that is set, for iPXE",
      answer: undefined,
      of: (asker: Asker, base: string) => machine.script(asker, base),
    },
    template: {
      summary: "The template of that profile, for its installer",
      answer: undefined,
      of: (asker: Asker, base: string) => machine.template(asker, base),
    },
    "templates/:name": {
      summary: "A template of the machine's blueprint",
      answer: undefined,
      of: (asker: Asker, base: string, name: string) => machine.blueprintTemplate(asker, base, name),
    },
  } as const;

  for (const [path, { summary, answer, of }] of Object.entries(asked)) {
    const ofTemplate = path.includes(":name") ? { name: z.string() } : {};
    const schema = { tags, ...(answer === undefined ? { produces: [TEXT] } : { response: answer }) };
    const reply = async (request: FastifyRequest, response: FastifyReply, asker: Asker): Promise<unknown> => {
      const { name = "" } = request.params as { readonly name?: string };
      const found = await of(asker, baseOf(request), name);
      return typeof found === "string" ? response.type(TEXT).send(found) : found;
    };
    app.get(
      `/v1/boot/${path}`,
      {
        config: { ...needs("self").config, scope: BOOT_SCOPE, door: true },
        schema: { ...schema, summary, params: z.object(ofTemplate) },
      },
      async (request, response) => (await reply(request, response, await asking(request))) as never,
    );
    app.get(
      `/v1/boot/keys/:key/${path}`,
      {
        config: { open: true, door: true },
        schema: {
          ...schema,
          summary: `${summary}; by the key in the path`,
          security: [],
          params: z.object({ key: z.string(), ...ofTemplate }),
        },
      },
      async (request, response) => {
        const { key } = request.params as { readonly key: string };
        return (await reply(request, response, await named(key))) as never;
      },
    );
  }

  const summary = "The machine says that it is done, or that it failed; its key opens nothing more";
  app.post(
    "/v1/boot/signal",
    {
      config: { ...needs("self").config, scope: MACHINE_SCOPE, door: true },
      schema: { summary, tags, body: SAID, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const asker = await asking(request);
      if ("key" in asker) await said(asker.key, request.body);
      return reply.status(204).send(null);
    },
  );
  app.post(
    "/v1/boot/keys/:key/signal",
    {
      config: { open: true, door: true },
      schema: {
        summary: `${summary}; by the key in the path`,
        tags,
        security: [],
        params: z.object({ key: z.string() }),
        body: SAID,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await said(await keys.admit(request.params.key), request.body);
      return reply.status(204).send(null);
    },
  );
}

/** This server as the machine reached it: that way it will reach it again. */
function baseOf({ headers }: FastifyRequest): string {
  return `https://${headers.host ?? "localhost"}`;
}
