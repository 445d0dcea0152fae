import { z } from "zod";
import { needs } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { fileKey, passphraseKey } from "./keys.ts";
import type { BackupService } from "./service.ts";

const wish = z.union([
  z.strictObject({
    passphrase: z.string().describe("8 to 1,024 characters"),
    withMasterKey: z.boolean().default(false),
  }),
  z.strictObject({
    key: z.base64().max(100).describe("32 bytes, base64"),
    withMasterKey: z.boolean().default(false),
  }),
]);

/** `POST /v1/backups`. The passphrase is in the body: paths are written into logs. */
export function backupRoutes({ app }: HttpServer, backups: BackupService): void {
  app.post(
    "/v1/backups",
    {
      ...needs("server.manage"),
      schema: {
        summary: "A backup of this moment: the database and the keys of the server, sealed",
        description:
          "Streams the file while the server goes on. What was read so far is worth nothing without its end: `gantry backup --check` tells.",
        tags: ["server"],
        body: wish,
      },
    },
    async (request, reply) => {
      const { body } = request;
      const key = "key" in body ? fileKey(Buffer.from(body.key, "base64")) : passphraseKey(body.passphrase);
      const { name, content } = await backups.begin(key, body.withMasterKey);
      return reply
        .type("application/octet-stream")
        .header("content-disposition", `attachment; filename="${name}"`)
        .header("cache-control", "no-store")
        .send(content);
    },
  );
}
