import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SERVER_NAME } from "../link/index.ts";

/** Which server an executor belongs to: for what the server signed. */
export interface OwnServer {
  /** PEM of the authority it trusts now. */
  readonly authority: string;
  /** Names and addresses of the server, of which its certificate bears one. */
  readonly names: readonly string[];
}

const identityFile = z.object({ urls: z.array(z.string()), ca: z.string() });

/** Undefined when the executor with this state folder has joined no server. */
export async function ownServer(state: string): Promise<OwnServer | undefined> {
  const text = await readFile(join(state, "identity.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { urls, ca } = identityFile.parse(JSON.parse(text));
  return { authority: ca, names: [SERVER_NAME, ...urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ""))] };
}
