import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { backoffDelay } from "./backoff.ts";
import type { CloseReason, Connection } from "./connection.ts";
import {
  LINK_MESSAGE_MALFORMED,
  LINK_SILENT,
  LINK_STOPPING,
  LINK_SUPERSEDED,
  LINK_VERSION_UNSUPPORTED,
} from "./errors.ts";
import { encodeMessage, frameWriter, type FrameWriter, parseFrame } from "./frames.ts";
import { isPlainOrder } from "./hot-messages.ts";
import { watchSilence } from "./silence.ts";
import {
  type ExecutorMessage,
  type HeldTask,
  inPieces,
  LINK_VERSION,
  type ProofMessage,
  type QueryMessage,
  type ReliableDraft,
  type ReliableMessage,
  type ServerMessage,
  serverMessage,
  type TaskMessage,
  type TaskRef,
} from "./messages.ts";

/**
 * The executor's end of the link: connects, proves who it is, connects again when the connection is lost, and keeps what must
 * not be lost until the server has it.
 */

export interface SessionOptions {
  readonly executor: Id;
  /** Opens one connection. It may fail; it is tried again. */
  open(): Promise<Connection>;
  /** Signs the server's nonce. */
  sign(nonce: string): string;
  describe(): Omit<ProofMessage, "type" | "signature" | "epoch">;
  /** `advertHash` of the modules it describes. Left out: they are told on each connection. */
  readonly advert?: string;
  /** New facts with a heartbeat; undefined when nothing is to be told. */
  facts(): JsonObject | undefined;
  /** Pin of the authority it trusts now, for who may learn of another. */
  pin?(): string;
  /** Milliseconds between heartbeats at the most. Left out: as the server says. */
  readonly heartbeat?: number;
  /** What this executor holds, asked once after each connection. */
  held(): HeldTask[];
  readonly handlers: SessionHandlers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SessionLog;
}

export interface SessionHandlers {
  task(message: TaskMessage): void;
  granted(tasks: readonly TaskRef[]): void;
  forget(tasks: readonly TaskRef[]): void;
  cancel(task: TaskRef): void;
  query(message: QueryMessage): void;
  /** The server committed this message. */
  acknowledged(message: ReliableMessage): void;
  /** The server is going to be known by another authority: PEM. */
  authority?(certificate: string): void;
  /** The server let the executor in. */
  connected?(): void;
  /** The connection is lost; a new one is being made. */
  disconnected?(): void;
}

/** Constant texts with fields, as pino takes them. */
export interface SessionLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

export interface LinkSession {
  /** Queues a message that is kept until acknowledged. `patient`: it may wait for others. Throws `link_message_too_large`. */
  send(draft: ReliableDraft, patient?: boolean): void;
  /** Answers a query. Lost when the connection is. */
  reply(message: Extract<ExecutorMessage, { type: "reply" }>): void;
  /** Output bytes (base64) the server has not acknowledged. */
  unacknowledgedOutput(): number;
  /** The next heartbeat now: there are new facts. */
  beat(): void;
  readonly connected: boolean;
  /** Says goodbye and ends; nothing is sent or received after. */
  close(reason: string): void;
}

/** Milliseconds for connection and handshake before the first heartbeat interval is known. */
const HANDSHAKE = 15_000;
const MISSED_HEARTBEATS = 3;

export function startSession(options: SessionOptions): LinkSession {
  const { clock, log } = options;
  const epoch = options.random.id();
  let sequence = 0;
  let unacknowledged: { readonly message: ReliableMessage; readonly text: string }[] = [];
  let outputBytes = 0;
  let attempt = 0;
  let current: Link | undefined;
  let cancelRetry: CancelTimer = () => undefined;
  let closed = false;

  async function connect(): Promise<void> {
    let connection: Connection;
    try {
      connection = await options.open();
    } catch (error) {
      log.warn({ error: messageOf(error), attempt }, "cannot reach the server");
      return retry();
    }
    if (closed) return connection.close({ code: LINK_STOPPING.code, text: "stopping" });
    current = startLink({ ...options, epoch, connection, welcomed, handle, ended });
  }

  function welcomed(link: Link): void {
    attempt = 0;
    log.info({ executor: options.executor }, "connected to the server");
    const pieces = inPieces(options.held());
    const last = pieces.pop() ?? [];
    for (const tasks of pieces) link.writer.write({ type: "held", tasks, more: true });
    link.writer.write({ type: "held", tasks: last });
    for (const { text } of unacknowledged) link.writer.writeText(text);
    options.handlers.connected?.();
  }

  function ended(reason: CloseReason): void {
    current = undefined;
    options.handlers.disconnected?.();
    if (closed) return;
    log.warn({ code: reason.code, reason: reason.text }, "connection to the server lost");
    // A copy of this executor took over: taking turns as fast as possible would help nobody.
    if (reason.code === LINK_SUPERSEDED.code) attempt = 20;
    retry();
  }

  function retry(): void {
    if (closed) return;
    cancelRetry = clock.after(backoffDelay(attempt, options.random), () => void connect());
    attempt += 1;
  }

  function handle(message: ServerMessage): void {
    const { handlers } = options;
    switch (message.type) {
      case "task":
        return handlers.task(message);
      case "granted":
        return handlers.granted(message.tasks);
      case "forget":
        return handlers.forget(message.tasks);
      case "cancel":
        return handlers.cancel({ task: message.task, attempt: message.attempt });
      case "query":
        return handlers.query(message);
      case "ack":
        return acknowledge(message.sequence);
      case "heartbeat":
        return message.authority === undefined ? undefined : handlers.authority?.(message.authority);
      default:
        return undefined;
    }
  }

  function acknowledge(upTo: number): void {
    let count = 0;
    while (unacknowledged[count] !== undefined && unacknowledged[count]!.message.sequence <= upTo) count += 1;
    const done = unacknowledged.slice(0, count);
    unacknowledged = unacknowledged.slice(count);
    for (const { message } of done) {
      if (message.type === "output") outputBytes -= message.data.length;
      options.handlers.acknowledged(message);
    }
  }

  void connect();
  return {
    send(draft, patient = false) {
      sequence += 1;
      const message = { ...draft, sequence } as ReliableMessage;
      // Encoded first: a message that is too large must not get among those that are sent again and again.
      const text = encodeMessage(message);
      if (current?.welcomed === true) current.writer.writeText(text, patient);
      unacknowledged.push({ message, text });
      if (message.type === "output") outputBytes += message.data.length;
    },
    reply(message) {
      if (current?.welcomed === true) current.writer.write(message);
    },
    unacknowledgedOutput: () => outputBytes,
    beat: () => current?.beat(),
    get connected() {
      return current?.welcomed === true;
    },
    close(reason) {
      closed = true;
      cancelRetry();
      current?.end({ code: LINK_STOPPING.code, text: reason });
    },
  };
}

interface Link {
  readonly writer: FrameWriter<ExecutorMessage>;
  readonly welcomed: boolean;
  /** Before the welcome: right behind it. */
  beat(): void;
  end(reason: CloseReason): void;
}

interface LinkOptions extends SessionOptions {
  readonly epoch: string;
  readonly connection: Connection;
  welcomed(link: Link): void;
  handle(message: ServerMessage): void;
  ended(reason: CloseReason): void;
}

/** One connection, from the handshake to its end. */
function startLink(options: LinkOptions): Link {
  const { connection, clock } = options;
  const writer = frameWriter<ExecutorMessage>((frame) => connection.send(frame));
  let isWelcomed = false;
  let over = false;
  let heartbeat = HANDSHAKE / MISSED_HEARTBEATS;
  const proven = options.pin?.();
  const silence = watchSilence(clock, HANDSHAKE / MISSED_HEARTBEATS, () =>
    end({ code: LINK_SILENT.code, text: "the server gave no sign of life" }),
  );
  let cancelBeat: CancelTimer = () => undefined;
  /** Asked for before the welcome: the proof, with its facts, may have left by then. */
  let isBeatDue = false;

  function beat(): void {
    if (!isWelcomed) isBeatDue = true;
    if (!isWelcomed || over) return;
    cancelBeat();
    const facts = options.facts();
    const pin = options.pin?.();
    writer.write({
      type: "heartbeat",
      ...(facts === undefined ? {} : { facts }),
      ...(pin === undefined || pin === proven ? {} : { pin }),
    });
    cancelBeat = clock.after(Math.min(heartbeat, options.heartbeat ?? heartbeat), beat);
  }

  function end(reason: CloseReason): void {
    if (over) return;
    if (isWelcomed) writer.write({ type: "goodbye", code: reason.code, reason: reason.text.slice(0, 1000) });
    writer.flush();
    connection.close(reason);
    finish(reason);
  }

  function finish(reason: CloseReason): void {
    if (over) return;
    over = true;
    silence.stop();
    cancelBeat();
    options.ended(reason);
  }

  const link: Link = {
    writer,
    get welcomed() {
      return isWelcomed && !over;
    },
    beat,
    end,
  };

  function receive(message: ServerMessage): void {
    if (message.type === "goodbye") return end({ code: message.code, text: message.reason });
    if (message.type === "challenge" && !isWelcomed) {
      if (message.version !== LINK_VERSION) {
        return end({
          code: LINK_VERSION_UNSUPPORTED.code,
          text: `the server speaks version ${message.version} of the link, this executor ${LINK_VERSION}`,
        });
      }
      const { modules, ...described } = options.describe();
      return writer.write({
        type: "proof",
        signature: options.sign(message.nonce),
        epoch: options.epoch,
        ...described,
        ...(message.known === true || modules === undefined ? {} : { modules }),
      });
    }
    if (message.type === "welcome" && !isWelcomed) {
      isWelcomed = true;
      heartbeat = message.heartbeat;
      silence.every(heartbeat);
      cancelBeat = clock.after(Math.min(heartbeat, options.heartbeat ?? heartbeat), beat);
      if (message.authority !== undefined) options.handlers.authority?.(message.authority);
      options.welcomed(link);
      return isBeatDue ? beat() : undefined;
    }
    if (isWelcomed) return options.handle(message);
    return end({ code: LINK_MESSAGE_MALFORMED.code, text: `${message.type} before welcome` });
  }

  connection.listen({
    frame(text) {
      if (over) return;
      try {
        const messages = parseFrame(text, serverMessage, isPlainOrder);
        for (const message of messages) if (!over) receive(message);
        silence.heard();
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        end({ code: error.code, text: error.message });
      }
    },
    closed: finish,
  });
  const { executor, advert } = options;
  writer.write({ type: "identify", version: LINK_VERSION, executor, ...(advert === undefined ? {} : { advert }) });
  return link;
}
