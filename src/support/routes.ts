import { needs, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { SupportService } from "./service.ts";

/** `GET /v1/support-bundle`. */
export function supportRoutes({ app }: HttpServer, support: SupportService): void {
  app.get(
    "/v1/support-bundle",
    {
      ...needs("server.manage"),
      schema: {
        summary: "What helps to find a fault, as a .tgz, without anything secret",
        tags: ["server"],
      },
    },
    async (request, reply) => {
      const { name, content } = await support.bundle(request.principal as Principal);
      return reply
        .type("application/gzip")
        .header("content-disposition", `attachment; filename="${name}"`)
        .header("cache-control", "no-store")
        .send(content);
    },
  );
}
