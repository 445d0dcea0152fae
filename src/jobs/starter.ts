import type { Principal } from "../access/index.ts";
import type { Job, Starter } from "./model.ts";

/** A job has the rights of who started it, and no more. Pure. */

/** The program itself: it may do everything, and so may the owner of the server. */
export const SERVER_STARTER: Starter = { accountId: null, tokenId: null, name: "server" };

/** Who starts what a principal asks for. */
export function starterOf({ accountId, tokenId, name }: Principal): Starter {
  return accountId === undefined
    ? { accountId: null, tokenId: null, name }
    : { accountId, tokenId: tokenId ?? null, name };
}

/**
 * Whether a job may go on: asked before each thing it does, but not of what comes back.
 *
 * @returns why not, as a sentence for people: who lost what
 */
export type MayGoOn = (job: Job) => Promise<string | undefined>;
