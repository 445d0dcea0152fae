import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import {
  type CloseReason,
  type Connection,
  type ExecutorMessage,
  executorMessage,
  frameWriter,
  type FrameWriter,
  LINK_MESSAGE_MALFORMED,
  LINK_PROOF_WRONG,
  LINK_SILENT,
  LINK_VERSION,
  LINK_VERSION_UNSUPPORTED,
  isPlainReport,
  parseFrame,
  type ProofMessage,
  type ServerMessage,
  verifyChallenge,
} from "../link/index.ts";
import type { Advert, Adverts } from "./adverts.ts";
import { EXECUTOR_UNKNOWN } from "./errors.ts";
import type { ExecutorIdentity } from "./model.ts";

/**
 * The first words on a connection: who says it is whom, and can it prove it? Until then nothing of the server moves, and it ends by
 * itself soon.
 */

export interface HandshakeParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Pins of the authorities it may trust, base64url: one is part of what an executor signs. */
  pins(): readonly string[];
  find(executor: string): Promise<Known | undefined>;
  readonly adverts: Adverts;
}

export interface Known {
  readonly record: ExecutorIdentity;
  /** Whose tasks it is given; null: every tenant's. */
  readonly tenantId: Id | null;
  /** The sites it serves. */
  readonly siteIds: readonly Id[] | "all";
}

export interface Admitted extends Known {
  /** What it can do. */
  readonly advert: Advert;
  /** New for each start of the executor. */
  readonly epoch: string;
  /** Of its program. */
  readonly version: string;
  /** Pin of the authority it trusts, base64url. */
  readonly pin: string;
  readonly writer: FrameWriter<ServerMessage>;
}

/** What it says of its machine: told once, and not kept with the connection. */
export type ProvenFacts = ProofMessage["facts"];

/** What the rest of the connection is handed to. */
export interface SessionEnd {
  messages(messages: readonly ExecutorMessage[], bytes: number): void;
  closed(reason: CloseReason): void;
}

/** Milliseconds an executor has to prove itself. */
const PATIENCE = 10_000;
const NONCE_BYTES = 24;

/** Listens on a fresh connection. `admitted` is called at most once, and gives who hears what follows. */
export function handshake(
  connection: Connection,
  parts: HandshakeParts,
  admitted: (admitted: Admitted, facts: ProvenFacts) => SessionEnd,
  refused: (reason: CloseReason) => void,
): void {
  const writer = frameWriter<ServerMessage>((frame) => connection.send(frame));
  const nonce = parts.random.token(NONCE_BYTES);
  let claimed: string | undefined;
  /** What it said it can do, when that is known here. */
  let told: Advert | undefined;
  let session: SessionEnd | undefined;
  let checking = false;
  let over = false;
  /** What came while the database was asked. */
  let early: { messages: ExecutorMessage[]; bytes: number }[] = [];
  const cancelPatience = parts.clock.after(PATIENCE, () => {
    if (session === undefined) refuse({ code: LINK_SILENT.code, text: "it did not prove who it is in time" });
  });

  function refuse(reason: CloseReason): void {
    if (over) return;
    over = true;
    cancelPatience();
    writer.write({ type: "goodbye", code: reason.code, reason: reason.text.slice(0, 1000) });
    writer.flush();
    connection.close(reason);
    if (session === undefined) refused(reason);
    else session.closed(reason);
  }

  async function check(executor: string, proof: ProofMessage): Promise<void> {
    const known = await parts.find(executor);
    if (over) return;
    if (known === undefined)
      return refuse({ code: EXECUTOR_UNKNOWN.code, text: "no worker or agent of this id has joined" });
    const { publicKey } = known.record;
    const pin = parts.pins().find((one) => verifyChallenge(publicKey, { nonce, pin: one, executor }, proof.signature));
    if (pin === undefined) {
      return refuse({
        code: LINK_PROOF_WRONG.code,
        text: "the proof is wrong: not the key this worker or agent joined with, or not this server",
      });
    }
    cancelPatience();
    const advert = proof.modules === undefined ? told : parts.adverts.take(proof.modules);
    if (advert === undefined)
      return refuse({ code: LINK_MESSAGE_MALFORMED.code, text: "the proof does not say what it can do" });
    session = admitted({ ...known, advert, epoch: proof.epoch, version: proof.gantry, pin, writer }, proof.facts);
    for (const { messages, bytes } of early) session.messages(messages, bytes);
    early = [];
  }

  function first(message: ExecutorMessage): void {
    if (message.type === "identify" && claimed === undefined) {
      if (message.version !== LINK_VERSION) {
        return refuse({
          code: LINK_VERSION_UNSUPPORTED.code,
          text: `it speaks version ${message.version} of the link, the server ${LINK_VERSION}`,
        });
      }
      claimed = message.executor;
      told = message.advert === undefined ? undefined : parts.adverts.find(message.advert);
      return writer.write({ type: "challenge", version: LINK_VERSION, nonce, ...(told && { known: true }) });
    }
    if (message.type === "proof" && claimed !== undefined && !checking) {
      checking = true;
      void check(claimed, message).catch((error: unknown) => refuse({ code: "closed", text: messageOf(error) }));
      return undefined;
    }
    if (checking) return void early.push({ messages: [message], bytes: 0 });
    return refuse({ code: LINK_MESSAGE_MALFORMED.code, text: `${message.type} before the proof` });
  }

  connection.listen({
    frame(text) {
      if (over) return;
      try {
        const messages = parseFrame(text, executorMessage, isPlainReport);
        if (session !== undefined) return session.messages(messages, text.length);
        for (const message of messages) if (!over) first(message);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        refuse({ code: error.code, text: error.message });
      }
    },
    closed(reason) {
      if (over) return;
      over = true;
      cancelPatience();
      if (session === undefined) refused(reason);
      else session.closed(reason);
    },
  });
}
