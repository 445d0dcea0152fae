import type { Agent } from "node:https";
import { messageOf } from "../kernel/errors.ts";
import { openRequest, pinOf, type SessionLog, trustingAgent } from "../link/index.ts";
import { type Identity, saveIdentity } from "./identity.ts";

/**
 * Whom an executor trusts: the authority in its identity, and another one when the server says so over a connection that was trusted. It is
 * taken only when it leads to the server, so that a mistake there locks nobody out.
 */
export interface Trust {
  readonly identity: Identity;
  /** For connections that are made from now on. */
  agent(): Agent;
  /** Of the authority, base64url. */
  pin(): string;
  /** Resolves when it is trusted, or is not going to be. */
  learn(certificate: string): Promise<void>;
  close(): void;
}

/** Milliseconds to reach the server by a new authority. */
const TRY = 10_000;

export function createTrust(parts: {
  readonly state: string;
  readonly identity: Identity;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: SessionLog;
}): Trust {
  const { state, environment, log } = parts;
  let { identity } = parts;
  /** Of its authority: each heartbeat asks for it. */
  let pin = pinOf(identity.ca);
  const agents = [trustingAgent({ authority: identity.ca, environment })];
  let learning = Promise.resolve();

  /** Whether this authority leads to the server, at any of its addresses. Throws what the last one said. */
  async function reaches(agent: Agent): Promise<void> {
    let failure: unknown;
    for (const url of identity.urls) {
      try {
        (await openRequest({ url, path: "/healthz", method: "GET", agent, timeout: TRY })).destroy();
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async function take(certificate: string): Promise<void> {
    const agent = trustingAgent({ authority: certificate, environment });
    try {
      const other = pinOf(certificate);
      if (other === pin) return agent.destroy();
      await reaches(agent);
      const next = { ...identity, ca: certificate };
      await saveIdentity(state, next);
      identity = next;
      pin = other;
      // Connections of the former go on.
      agents.push(agent);
      log.info({ authority: other }, "the server is known by another authority from now on");
    } catch (error) {
      agent.destroy();
      log.warn({ error: messageOf(error) }, "the server's new authority was not taken");
    }
  }

  return {
    get identity() {
      return identity;
    },
    agent: () => agents.at(-1) as Agent,
    pin: () => pin,
    learn(certificate) {
      learning = learning.then(() => take(certificate));
      return learning;
    },
    close() {
      for (const agent of agents) agent.destroy();
    },
  };
}
