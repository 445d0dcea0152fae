import { afterEach, describe, expect, it } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import { countingRandom } from "../kernel/ids.ts";
import { LONGEST_DELAY } from "./backoff.ts";
import { type CloseReason, type Connection, memoryPair } from "./connection.ts";
import { frameWriter, parseFrame } from "./frames.ts";
import { type ExecutorMessage, executorMessage, type ReliableMessage, type ServerMessage } from "./messages.ts";
import { startSession } from "./session.ts";

type Event = { kind: string; value?: unknown };

/** The server's end as the test plays it. */
interface Peer {
  next(): Promise<ExecutorMessage>;
  send(message: ServerMessage): void;
  /** Something that is no frame. */
  sendText(text: string): void;
  close(reason: CloseReason): void;
  readonly closed: Promise<CloseReason>;
}

function peerOf(connection: Connection): Peer {
  const messages: ExecutorMessage[] = [];
  const waiting: ((message: ExecutorMessage) => void)[] = [];
  const closed = Promise.withResolvers<CloseReason>();
  connection.listen({
    frame(text) {
      for (const message of parseFrame(text, executorMessage)) {
        const resolve = waiting.shift();
        if (resolve === undefined) messages.push(message);
        else resolve(message);
      }
    },
    closed: closed.resolve,
  });
  const writer = frameWriter<ServerMessage>((frame) => connection.send(frame));
  return {
    next: () =>
      new Promise((resolve) => {
        const message = messages.shift();
        if (message === undefined) waiting.push(resolve);
        else resolve(message);
      }),
    send: writer.write,
    sendText: connection.send,
    close: connection.close,
    closed: closed.promise,
  };
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function setUp(options: { open?: () => Promise<Connection>; heartbeat?: number } = {}) {
  const clock = manualClock();
  const events: Event[] = [];
  const acknowledged: ReliableMessage[] = [];
  const peers: Peer[] = [];
  const waiting: ((peer: Peer) => void)[] = [];
  let taken = 0;
  function note(kind: string, value?: unknown): void {
    events.push(value === undefined ? { kind } : { kind, value });
  }
  const session = startSession({
    executor: "me",
    ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
    clock,
    random: countingRandom(),
    log: { info: () => undefined, warn: (fields) => note("warning", fields) },
    open:
      options.open ??
      (async () => {
        const [mine, theirs] = memoryPair();
        const peer = peerOf(theirs);
        peers.push(peer);
        waiting.shift()?.(peer);
        return mine;
      }),
    sign: (nonce) => `signed ${nonce}`,
    describe: () => ({ gantry: "1", modules: {}, facts: {} }),
    facts: () => ({ load: 1 }),
    held: () => [{ task: "held", attempt: 1, phase: "queued", module: "m" }],
    handlers: {
      task: (message) => note("task", message.task),
      granted: (tasks) => note("granted", tasks),
      forget: (tasks) => note("forget", tasks),
      cancel: (ref) => note("cancel", ref),
      query: (message) => note("query", message.query),
      acknowledged: (message) => acknowledged.push(message),
      connected: () => note("connected"),
      disconnected: () => note("disconnected"),
    },
  });
  ends.push(() => session.close("test over"));
  /** The next connection the session makes, moving time until it does. */
  async function nextPeer(): Promise<Peer> {
    const index = taken;
    taken += 1;
    clock.advance(LONGEST_DELAY);
    return peers[index] ?? new Promise((resolve) => waiting.push(resolve));
  }
  async function welcome(peer: Peer): Promise<void> {
    expect(await peer.next()).toEqual({ type: "identify", version: 1, executor: "me" });
    peer.send({ type: "challenge", version: 1, nonce: "n".repeat(16) });
    expect(await peer.next()).toMatchObject({ type: "proof", signature: `signed ${"n".repeat(16)}`, modules: {} });
    peer.send({ type: "welcome", session: "s", heartbeat: 1000 });
    expect(await peer.next()).toEqual({
      type: "held",
      tasks: [{ task: "held", attempt: 1, phase: "queued", module: "m" }],
    });
  }
  return { session, clock, events, acknowledged, nextPeer, welcome, peers };
}

describe("a session", () => {
  it("proves who it is, tells what it holds, and passes on what it is told", async () => {
    const { nextPeer, welcome, events, session } = setUp();
    const peer = await nextPeer();
    await welcome(peer);
    expect(session.connected).toBe(true);
    peer.send({ type: "cancel", task: "t", attempt: 2 });
    peer.send({ type: "forget", tasks: [{ task: "u", attempt: 1 }] });
    session.reply({ type: "reply", query: "q", value: 1 });
    expect(await peer.next()).toEqual({ type: "reply", query: "q", value: 1 });
    expect(events).toEqual([
      { kind: "connected" },
      { kind: "cancel", value: { task: "t", attempt: 2 } },
      { kind: "forget", value: [{ task: "u", attempt: 1 }] },
    ]);
  });

  it("sends again on the next connection what was not acknowledged, in order, and only that", async () => {
    const { nextPeer, welcome, session, acknowledged } = setUp();
    session.send({ type: "started", tasks: [{ task: "a", attempt: 1 }] });
    const first = await nextPeer();
    await welcome(first);
    session.send({ type: "message", task: "a", attempt: 1, text: "hello" });
    expect([await first.next(), await first.next()]).toMatchObject([
      { type: "started", sequence: 1 },
      { type: "message", sequence: 2 },
    ]);
    first.send({ type: "ack", sequence: 1 });
    session.reply({ type: "reply", query: "q" });
    await first.next();
    first.close({ code: "closed", text: "cut" });
    await first.closed;
    session.send({ type: "result", task: "a", attempt: 1, outcome: "done", value: 5 });
    const second = await nextPeer();
    await welcome(second);
    expect([await second.next(), await second.next()]).toEqual([
      { type: "message", sequence: 2, task: "a", attempt: 1, text: "hello" },
      { type: "result", sequence: 3, task: "a", attempt: 1, outcome: "done", value: 5 },
    ]);
    expect(acknowledged.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it("never keeps a message that fits no frame", async () => {
    const { nextPeer, welcome, session } = setUp();
    const peer = await nextPeer();
    await welcome(peer);
    expect(() => session.send({ type: "message", task: "a", attempt: 1, text: "x".repeat(2_000_000) })).toThrow(
      expect.objectContaining({ code: "link_message_too_large" }),
    );
    session.send({ type: "message", task: "a", attempt: 1, text: "small" });
    expect(await peer.next()).toMatchObject({ text: "small" });
  });

  it.each([
    ["rubbish", "rubbish", "link_message_malformed"],
    ["a task that is none", '[{"type":"task"}]', "link_message_malformed"],
    ["too much", `[${" ".repeat(1024 * 1024)}]`, "link_message_too_large"],
  ])("closes a connection that says %s, says why, and makes a new one", async (_name, text, code) => {
    const { nextPeer, welcome } = setUp();
    const peer = await nextPeer();
    await welcome(peer);
    peer.sendText(text);
    expect(await peer.next()).toMatchObject({ type: "goodbye", code });
    expect((await peer.closed).code).toBe(code);
    await welcome(await nextPeer());
  });

  it("is not led by a server that skips the challenge, or speaks another version", async () => {
    const { nextPeer, events } = setUp();
    const first = await nextPeer();
    first.send({
      type: "task",
      task: "t",
      attempt: 1,
      key: "t",
      module: "m",
      function: "f",
      parameters: {},
      batch: null,
      keepGoing: false,
      timeout: null,
      safeToRepeat: true,
    });
    expect((await first.closed).code).toBe("link_message_malformed");
    const second = await nextPeer();
    second.send({ type: "challenge", version: 99, nonce: "n".repeat(16) });
    expect((await second.closed).code).toBe("link_version_unsupported");
    expect(events.filter(({ kind }) => kind === "task")).toEqual([]);
  });

  it("beats more often than it is told to when it was told so itself, never less often", async () => {
    for (const [heartbeat, expected] of [
      [200, 200],
      [5000, 1000],
    ] as const) {
      const { nextPeer, welcome, clock } = setUp({ heartbeat });
      const peer = await nextPeer();
      await welcome(peer);
      clock.advance(expected);
      expect(await peer.next()).toEqual({ type: "heartbeat", facts: { load: 1 } });
    }
  });

  it("beats at once when it is asked to, and then as often as before", async () => {
    const { nextPeer, welcome, clock, session } = setUp();
    session.beat();
    const peer = await nextPeer();
    await welcome(peer);
    clock.advance(600);
    session.beat();
    expect(await peer.next()).toEqual({ type: "heartbeat", facts: { load: 1 } });
    peer.send({ type: "query", query: "q", module: "m", function: "f", parameters: {}, timeout: 1 });
    clock.advance(600);
    session.reply({ type: "reply", query: "q", value: 1 });
    expect(await peer.next()).toMatchObject({ type: "reply" });
    clock.advance(400);
    expect(await peer.next()).toEqual({ type: "heartbeat", facts: { load: 1 } });
  });

  it("beats after its welcome when it was asked to before: what it told of itself may be older", async () => {
    const { session, nextPeer } = setUp();
    const peer = await nextPeer();
    await peer.next();
    session.beat();
    peer.send({ type: "challenge", version: 1, nonce: "n".repeat(16) });
    await peer.next();
    session.beat();
    peer.send({ type: "welcome", session: "s", heartbeat: 1000 });
    expect(await peer.next()).toMatchObject({ type: "held" });
    expect(await peer.next()).toEqual({ type: "heartbeat", facts: { load: 1 } });
  });

  it("gives up on a server that is silent for three heartbeats, and sends its own", async () => {
    const { nextPeer, welcome, clock } = setUp();
    const peer = await nextPeer();
    await welcome(peer);
    clock.advance(1000);
    expect(await peer.next()).toEqual({ type: "heartbeat", facts: { load: 1 } });
    clock.advance(3000);
    expect((await peer.closed).code).toBe("link_silent");
    await welcome(await nextPeer());
  });

  it("tries again when nobody answers", async () => {
    let tries = 0;
    const again = Promise.withResolvers<void>();
    const { clock, events } = setUp({
      async open() {
        tries += 1;
        if (tries === 5) again.resolve();
        throw new Error("refused");
      },
    });
    while (tries < 5) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(LONGEST_DELAY);
    }
    await again.promise;
    expect(events).toContainEqual({ kind: "warning", value: { error: "refused", attempt: 1 } });
  });

  it("says goodbye, and makes no connection after", async () => {
    const { nextPeer, welcome, session, clock, peers } = setUp();
    const peer = await nextPeer();
    await welcome(peer);
    session.close("enough");
    expect(await peer.next()).toMatchObject({ type: "goodbye", code: "link_stopping", reason: "enough" });
    await peer.closed;
    clock.advance(10 * LONGEST_DELAY);
    expect(peers).toHaveLength(1);
  });
});
