import { z } from "zod";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { LINK_PATHS } from "./connect.ts";
import { JOIN_REFUSED, LINK_UNREACHABLE, SHARED_KEY_DIFFERS } from "./errors.ts";
import { type KeyPair, signJoin } from "./identity.ts";
import { fetchAuthority, type Joined, refusalOf } from "./join.ts";
import { distrustingAgent, request, trustingAgent } from "./request.ts";
import {
  agentProof,
  deriveSharedKey,
  newNonce,
  sameProof,
  serverProof,
  sharedChallenge,
  sharedJoinAnswer,
  type SharedJoinRequest,
} from "./shared-key.ts";

/** How an agent becomes known to the server by the key that both were given. */

export interface SharedJoinOptions {
  readonly urls: readonly string[];
  readonly sharedKey: string;
  readonly name: string;
  readonly keys: KeyPair;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds for each request. */
  readonly timeout: number;
}

const ANSWER_LIMIT = 64 * 1024;

/**
 * Joins at the first address that answers. The same keys again give the same answer, so that a crash in between does no harm.
 *
 * Throws `link_unreachable`, `link_pin_mismatch`, `shared_key_differs`, and `join_refused` with the server's own words.
 */
export async function joinByKey(options: SharedJoinOptions): Promise<Joined> {
  let failure: GantryError | undefined;
  for (const url of options.urls) {
    try {
      return await joinAt(url, options);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      if (error.kind === JOIN_REFUSED || error.kind === SHARED_KEY_DIFFERS) throw error;
      failure = error;
    }
  }
  throw failure ?? new GantryError(LINK_UNREACHABLE, "no address of the server is known");
}

async function joinAt(url: string, options: SharedJoinOptions): Promise<Joined> {
  const { challenge, pin } = await challengeOf(url, options);
  // Whoever answered may be anybody. From here on only who is vouched for by the authority it named is spoken to, and that name is in the proof.
  const authority = await fetchAuthority(url, pin, options);
  const agent = trustingAgent({ authority, environment: options.environment });
  try {
    const key = await deriveSharedKey(options.sharedKey, pin);
    const { publicKey, privateKey } = options.keys;
    const said = { pin, challenge, nonce: newNonce(), publicKey, name: options.name };
    const body: SharedJoinRequest = {
      name: said.name,
      publicKey,
      challenge,
      nonce: said.nonce,
      proof: agentProof(key, said),
      signature: signJoin(privateKey, challenge),
    };
    const { status, body: text } = await request(
      {
        url,
        path: LINK_PATHS.joinShared,
        method: "POST",
        agent,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        timeout: options.timeout,
      },
      ANSWER_LIMIT,
    );
    if (status !== 200) throw refusalOf(url, status, text);
    const answer = parsed(url, text, sharedJoinAnswer);
    if (!sameProof(answer.proof, serverProof(key, said, answer.id)))
      throw new GantryError(SHARED_KEY_DIFFERS, `${url} let the agent in without having the shared key itself`);
    return { id: answer.id, name: answer.name, site: null, authority };
  } finally {
    agent.destroy();
  }
}

async function challengeOf(url: string, options: SharedJoinOptions): Promise<z.output<typeof sharedChallenge>> {
  const agent = distrustingAgent(options.environment);
  try {
    const { timeout } = options;
    const { status, body } = await request(
      { url, path: LINK_PATHS.joinShared, method: "GET", agent, timeout },
      ANSWER_LIMIT,
    );
    if (status !== 200) throw refusalOf(url, status, body);
    return parsed(url, body, sharedChallenge);
  } finally {
    agent.destroy();
  }
}

function parsed<T>(url: string, body: Buffer, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(body.toString()));
  } catch (error) {
    throw new GantryError(LINK_UNREACHABLE, `${url} does not answer as a server does: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
