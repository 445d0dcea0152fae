import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { writePrivateFile } from "../files/index.ts";
import { making } from "./certificate-thread.ts";
import { AUTHORITY_FORMER_NONE, AUTHORITY_ROTATING, CERTIFICATE_INVALID } from "./errors.ts";

/**
 * Another CA in the folder of certificates. For a time the former one is still good: the new one signs the server's certificate from the
 * beginning, and a certificate in which the former vouches for it goes along. The former's key is gone at once.
 */

const FILE = "former-ca.json";

const formerFile = z.object({
  /** PEM of the former CA. */
  certificate: z.string(),
  /** PEM: the former CA vouches for the present one. */
  cross: z.string(),
  /** Epoch milliseconds. */
  until: z.number(),
  /** The present one, until it stands in its own files. */
  next: z.object({ certificate: z.string(), key: z.string() }).optional(),
});
export type Former = z.output<typeof formerFile>;

/** A new CA, and the present one the former until then. A crash leaves the one or the other. Errors: `authority_rotating`. */
export async function rotateAuthority(folder: string, until: number, now: number): Promise<void> {
  if ((await settleRotation(folder, now)) !== undefined)
    throw new GantryError(AUTHORITY_ROTATING, "the authority before is still trusted");
  const certificate = await readFile(join(folder, "ca.pem"), "utf8");
  const key = await readFile(join(folder, "ca-key.pem"), "utf8");
  const next = await making("makeAuthority", now);
  const cross = await making("makeCrossCertificate", { certificate, key }, next.certificate, until, now);
  await write(folder, { certificate, cross, until, next });
  await settleRotation(folder, now);
}

/** The former CA is trusted no more, from now on. Errors: `authority_former_none`. */
export async function dropFormer(folder: string, now: number): Promise<void> {
  if ((await settleRotation(folder, now)) === undefined)
    throw new GantryError(AUTHORITY_FORMER_NONE, "there is one authority only");
  await rm(join(folder, FILE), { force: true });
}

/** Finishes what a crash interrupted, and takes away what is over. The former CA, while it is good. */
export async function settleRotation(folder: string, now: number): Promise<Former | undefined> {
  const former = await read(folder);
  if (former?.next !== undefined) {
    await writePrivateFile(join(folder, "ca-key.pem"), former.next.key);
    await writePrivateFile(join(folder, "ca.pem"), former.next.certificate);
    const { next: _, ...rest } = former;
    await write(folder, rest);
  }
  if (former === undefined || former.until > now) return former;
  await rm(join(folder, FILE), { force: true });
  return undefined;
}

function write(folder: string, former: Former): Promise<void> {
  return writePrivateFile(join(folder, FILE), JSON.stringify(former));
}

async function read(folder: string): Promise<Former | undefined> {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return formerFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new GantryError(CERTIFICATE_INVALID, `${path} is not what it should be: ${messageOf(cause)}`, { cause });
  }
}
