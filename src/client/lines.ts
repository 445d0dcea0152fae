/** Whole lines out of bytes that come in any pieces. A last line without an end is given too. */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  // Pieces of one line are joined once: a long one must not be copied with each piece.
  let pieces: string[] = [];
  for await (const chunk of chunks) {
    const lines = decoder.decode(chunk, { stream: true }).split("\n");
    for (const part of lines.slice(0, -1)) {
      yield withoutReturn(pieces.join("") + part);
      pieces = [];
    }
    pieces.push(lines.at(-1)!);
  }
  const rest = pieces.join("") + decoder.decode();
  if (rest !== "") yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
