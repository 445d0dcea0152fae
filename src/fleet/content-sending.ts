import { createZstdCompress, constants, zstdCompressSync } from "node:zlib";
import { once } from "node:events";
import { pipeline, Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { ContentFile } from "./content-files.ts";
import { contentWindow, type Piece } from "./content-window.ts";
import type { Content, ContentStore } from "./content.ts";

/** How content goes out: compressed when it pays, and from a file through few and large buffers. */

/** Bytes from which compressing can pay. */
const WORTH = 4096;
/** Bytes that are tried. */
const SAMPLE = 64 * 1024;
/** What is left of a sample must be less than this for compressing to pay: it costs more of the processor than sending does. */
const PAYS = 0.75;
/** Answers remembered. */
const REMEMBERED = 4096;
/** Bytes of a packed piece. */
const AT_ONCE = 256 * 1024;
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export interface Wanted extends Content {
  /** Bytes the executor has already. */
  readonly from: number;
  /** As it came: `Accept-Encoding`. */
  readonly encodings: string;
}

/** Sends the bytes behind `from`. With `Content-Encoding: zstd` when the other end takes that and it pays. */
export function contentSender(content: ContentStore): (reply: FastifyReply, wanted: Wanted) => Promise<FastifyReply> {
  const paying = new Map<string, boolean>();
  const window = contentWindow();

  async function pays({ sha256, size }: Content): Promise<boolean> {
    if (size < WORTH) return false;
    const known = paying.get(sha256);
    if (known !== undefined) return known;
    // From the middle: what begins with text may go on with pictures.
    let sample: Uint8Array = new Uint8Array(0);
    for await (const piece of content.read(sha256, Math.max(0, Math.floor(size / 2) - SAMPLE))) {
      sample = piece.subarray(0, SAMPLE);
      break;
    }
    const answer = zstdCompressSync(sample, FAST).length < sample.length * PAYS;
    const [oldest] = paying.keys();
    if (paying.size >= REMEMBERED && oldest !== undefined) paying.delete(oldest);
    paying.set(sha256, answer);
    return answer;
  }

  return async (reply, wanted) => {
    const { sha256, size, from, encodings } = wanted;
    void reply.type("application/octet-stream").header("vary", "accept-encoding");
    if (/\bzstd\b/.test(encodings) && (await pays(wanted))) {
      const packed = createZstdCompress({ ...FAST, chunkSize: AT_ONCE });
      pipeline(Readable.from(content.read(sha256, from)), packed, () => undefined);
      return reply.header("content-encoding", "zstd").send(packed);
    }
    void reply.header("content-length", Math.max(0, size - from));
    const file = await content.openFile(sha256);
    if (file === undefined) return reply.send(Readable.from(content.read(sha256, from)));
    await sendFile(reply, file, (position) => window.take(sha256, file, position), from);
    return reply;
  };
}

/** While one piece is on its way, the next is read. Streams would take a new buffer for each, which costs half as much again. */
async function sendFile(
  reply: FastifyReply,
  { handle, size }: ContentFile,
  take: (position: number) => Promise<Piece>,
  from: number,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  // One listener for the whole answer: what is being written when the connection ends is told by nobody else.
  let broken: (error: Error) => void = () => undefined;
  raw.once("close", () => broken(new Error("the connection was closed")));
  function write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      // It may have ended while the piece was read.
      if (raw.destroyed) return reject(new Error("the connection was closed"));
      broken = reject;
      raw.write(bytes, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
    });
  }
  let sent: Promise<void> = Promise.resolve();
  try {
    raw.writeHead(200, reply.getHeaders() as Record<string, string>);
    for (let position = from; position < size && !raw.destroyed;) {
      const piece = await take(position);
      position += piece.bytes.length;
      try {
        await sent;
      } catch (error) {
        piece.release();
        throw error;
      }
      sent = write(piece.bytes).finally(piece.release);
      sent.catch(() => undefined);
    }
    await sent;
    raw.end();
    if (!raw.writableFinished) await once(raw, "close");
  } catch {
    // Half an answer: who waits for it must not take it for all.
    raw.destroy();
  } finally {
    await handle.close();
  }
}
