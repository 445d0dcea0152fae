import { open } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { basename } from "node:path";
import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { QEMU_UNANSWERED } from "./errors.ts";
import type { Places } from "./model.ts";

/** QEMU's control protocol (QMP): a JSON value a line. One command a connection, because QEMU talks to one client at a time. */

const MOST = 1024 * 1024;

const line = z.looseObject({
  QMP: z.unknown().optional(),
  id: z.string().optional(),
  return: z.json().optional(),
  error: z.looseObject({ class: z.string(), desc: z.string() }).optional(),
});

export interface Conversation {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds for all of it. */
  readonly limit: number;
}

/** Has a command done, and gives its answer. Throws `qemu_unanswered`, also when nobody listens at the socket. */
export async function command(
  places: Places,
  execute: string,
  parameters: JsonObject,
  { clock, signal, limit }: Conversation,
): Promise<unknown> {
  signal.throwIfAborted();
  // The path of a socket holds 107 bytes at most: by way of the folder's descriptor it is short, wherever the folder is.
  const folder = await open(places.folder, "r").catch((error: unknown) => {
    throw unanswered(places, messageOf(error));
  });
  const socket = connect(`/proc/self/fd/${folder.fd}/${basename(places.socket)}`);
  const disarm = clock.after(limit, () => socket.destroy(new Error(`no answer in ${limit / 1000} s`)));
  const stop = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await converse(socket, { execute, arguments: parameters });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unanswered(places, `${execute}: ${messageOf(error)}`, error);
  } finally {
    disarm();
    signal.removeEventListener("abort", stop);
    socket.destroy();
    await folder.close();
  }
}

async function converse(socket: Socket, request: JsonObject): Promise<unknown> {
  for await (const said of linesOf(socket)) {
    const { QMP: greeting, id, error, return: value } = line.parse(JSON.parse(said));
    if (error !== undefined) throw new Error(error.desc);
    if (greeting !== undefined) {
      socket.write(
        `${JSON.stringify({ execute: "qmp_capabilities" })}\n${JSON.stringify({ ...request, id: "asked" })}\n`,
      );
    } else if (id === "asked") return value;
  }
  // It ends as it was told to, and says nothing more.
  if (request["execute"] === "quit") return null;
  throw new Error("it broke off");
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
    if (text.length > MOST) throw new Error(`a line of its answer is longer than ${MOST} characters`);
  }
}

function unanswered(places: Places, why: string, cause?: unknown): GantryError {
  return new GantryError(QEMU_UNANSWERED, `the virtual machine in ${places.folder} does not answer: ${why}`, { cause });
}
