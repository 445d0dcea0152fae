import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { BACKUP_KEY_UNUSABLE } from "./errors.ts";
import { fileKey, passphraseKey } from "./keys.ts";
import type { BackupKey } from "./model.ts";
import type { BackupService } from "./service.ts";

const wish = z.strictObject({
  passphrase: z.string().optional().describe("8 to 1,024 characters"),
  key: z.base64().max(100).optional().describe("32 bytes, base64; instead of a passphrase"),
  withMasterKey: z.boolean().default(false),
});

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
      const { name, content } = await backups.begin(
        request.principal as Principal,
        keyIn(request.body),
        request.body.withMasterKey,
      );
      return reply
        .type("application/octet-stream")
        .header("content-disposition", `attachment; filename="${name}"`)
        .header("cache-control", "no-store")
        .send(content);
    },
  );
}

function keyIn({ passphrase, key }: z.output<typeof wish>): BackupKey {
  if ((passphrase === undefined) === (key === undefined))
    throw new GantryError(BACKUP_KEY_UNUSABLE, "a backup needs one of passphrase and key");
  return key === undefined ? passphraseKey(passphrase ?? "") : fileKey(Buffer.from(key, "base64"));
}
