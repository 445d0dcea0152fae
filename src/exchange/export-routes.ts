import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { timeOf } from "../platform/requests/index.ts";
import { EXPORT_FORMAT_UNKNOWN } from "./errors.ts";
import { EXPORT_FORMATS, type ExportFormat } from "./export-model.ts";
import type { Exporter } from "./export-thread.ts";

const TYPES: Readonly<Record<ExportFormat, string>> = {
  tgz: "application/gzip",
  zip: "application/zip",
  json: "application/json",
};

const several = z.union([z.string().max(10_000), z.array(z.string().max(10_000)).max(1000)]).optional();
const flag = (fallback: "true" | "false") =>
  z
    .enum(["true", "false"])
    .default(fallback)
    .transform((text) => text === "true");

const querystring = z.strictObject({
  site: z.string().optional().describe("Structures of this site, or one below it"),
  blueprint: z.string().optional().describe("Made by this blueprint, or by one that builds upon it"),
  label: several.describe("`KEY` or `KEY=VALUE`; may be given several times"),
  vars: several.describe(
    "`PATH:JSON`: structures whose resolved variables hold this value there; may be given several times",
  ),
  host: several.describe("Structures of this name; may be given several times"),
  each: flag("false").describe("A bundle for each host, in one archive"),
  at: z
    .string()
    .max(40)
    .optional()
    .describe("As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is"),
  builtin: flag("true").describe("Whether hosts get the built-in variables (`_id`, `_site` …)"),
});

/** `GET /v1/inventory/GROUP.tgz` and its like. */
export function exportRoutes({ app }: HttpServer, exporter: Exporter): void {
  app.get(
    "/v1/inventory/:bundle",
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "An Ansible inventory: `GROUP.tgz`, `GROUP.zip` or `GROUP.json`, of a group (id or name) or `all`",
        tags: ["inventory"],
        params: z.object({ bundle: z.string() }),
        querystring,
      },
    },
    async (request, reply) => {
      const { group, format } = asked(request.params.bundle);
      const { label, vars, host, site, blueprint, each, builtin } = request.query;
      const at = timeOf(request.query.at, "last");
      const { tenantId, rights } = request.principal as Principal;
      const readable = rights.everywhere("inventory.read") ? undefined : rights.where("inventory.read");
      const filter = { site, blueprint, label: list(label), vars: list(vars), host: list(host) };
      const { head, content } = await exporter.run({
        tenantId,
        group,
        format,
        each,
        builtIn: builtin,
        filter,
        at,
        readable,
      });
      const name = `${/^[\w.-]+$/.test(head.group) ? head.group : "inventory"}.${format}`;
      return reply
        .type(TYPES[format])
        .header("content-disposition", `${format === "json" ? "inline" : "attachment"}; filename="${name}"`)
        .send(content);
    },
  );
}

function asked(bundle: string): { readonly group: string; readonly format: ExportFormat } {
  const at = bundle.lastIndexOf(".");
  const format = EXPORT_FORMATS.find((one) => one === bundle.slice(at + 1));
  if (at < 1 || format === undefined)
    throw new GantryError(
      EXPORT_FORMAT_UNKNOWN,
      `'${bundle.slice(0, 80)}' is no group with .tgz, .zip or .json behind it`,
    );
  return { group: bundle.slice(0, at), format };
}

function list(values: string | readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined ? undefined : [values].flat();
}
