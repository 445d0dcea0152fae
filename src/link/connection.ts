/**
 * One connection between an executor and the server, whatever carries it. WebSocket, long-poll and the in-process pair all look
 * like this; what is above knows no difference.
 */
export interface Connection {
  /** Hands over one frame. Frames arrive in order, or the connection is closed. */
  send(frame: string): void;
  /** Bytes handed over that have not left yet. A slow reader makes it grow. */
  buffered(): number;
  /** Stops reading, so that the sender is slowed down; what has arrived may still be delivered. */
  pause(): void;
  resume(): void;
  /** Ends the connection after what was sent. The other end sees the reason where the transport can carry one. */
  close(reason: CloseReason): void;
  /** Called once, by whoever uses the connection; frames that arrived earlier are delivered then. */
  listen(listener: ConnectionListener): void;
}

export interface CloseReason {
  /** A code of `link/errors.ts`, or `closed` when the transport just ended. */
  readonly code: string;
  readonly text: string;
}

interface ConnectionListener {
  frame(text: string): void;
  /** Called exactly once. Nothing comes after it. */
  closed(reason: CloseReason): void;
}

/** The receiving half every transport needs: holds back until somebody listens, and ends only once. */
export interface Inbox {
  frame(text: string): void;
  closed(reason: CloseReason): void;
  listen(listener: ConnectionListener): void;
  pause(): void;
  resume(): void;
  ended(): boolean;
}

export function createInbox(): Inbox {
  let listener: ConnectionListener | undefined;
  let waiting: string[] = [];
  let end: CloseReason | undefined;
  let told = false;
  let paused = false;

  function deliver(): void {
    while (listener !== undefined && !paused && waiting.length > 0) listener.frame(waiting.shift() as string);
    if (listener !== undefined && end !== undefined && !told && (waiting.length === 0 || paused)) {
      told = true;
      waiting = [];
      listener.closed(end);
    }
  }

  return {
    ended: () => end !== undefined,
    frame(text) {
      if (end !== undefined) return;
      waiting.push(text);
      deliver();
    },
    closed(reason) {
      if (end !== undefined) return;
      end = reason;
      deliver();
    },
    listen(given) {
      listener = given;
      deliver();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      deliver();
    },
  };
}

/** Two connected ends within one process: the embedded worker's link. */
export function memoryPair(): [Connection, Connection] {
  const left = createInbox();
  const right = createInbox();
  return [memoryEnd(left, right), memoryEnd(right, left)];
}

function memoryEnd(mine: Inbox, theirs: Inbox): Connection {
  let unread = 0;
  return {
    send(frame) {
      unread += frame.length;
      // On the next turn, as a socket would: a frame handed over never runs its reader inside the sender.
      setImmediate(() => {
        unread -= frame.length;
        theirs.frame(frame);
      });
    },
    buffered: () => unread,
    pause: mine.pause,
    resume: mine.resume,
    close(reason) {
      setImmediate(() => {
        theirs.closed(reason);
        mine.closed(reason);
      });
    },
    listen: mine.listen,
  };
}
