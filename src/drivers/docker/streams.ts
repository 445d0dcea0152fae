/** What the engine sends as streams, read as a whole. */

/**
 * The text in a container's log. Each piece has a header of 8 bytes: the stream, three zeroes, the length (big endian).
 * Source: docs.docker.com/reference/api/engine, "Attach to a container", stream format.
 */
export function demultiplex(bytes: Buffer): string {
  const pieces: Buffer[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Why a pull failed: the engine answers 200 and says it in one of the JSON lines of its progress. */
export function pullFailure(progress: string): string | undefined {
  for (const line of progress.split("\n")) {
    if (!line.includes('"error"')) continue;
    try {
      const { error } = JSON.parse(line) as { error?: unknown };
      if (typeof error === "string") return error;
    } catch {
      // Half a line of an answer that was cut: the connection's own error comes.
    }
  }
  return undefined;
}
