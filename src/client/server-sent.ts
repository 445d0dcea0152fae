/** One server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface ServerSent {
  /** Where to go on behind it; undefined: as before. */
  readonly id: string | undefined;
  readonly event: string;
  /** Empty: there is no event, only a place. */
  readonly data: string;
}

/** The events in lines. What is cut off at the end is none. */
export async function* serverSentIn(lines: AsyncIterable<string>): AsyncGenerator<ServerSent, void, undefined> {
  let id: string | undefined;
  let event = "";
  let data: string[] = [];
  for await (const line of lines) {
    if (line === "") {
      if (id !== undefined || data.length > 0) yield { id, event, data: data.join("\n") };
      [id, event, data] = [undefined, "", []];
      continue;
    }
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === "id") id = value;
    else if (name === "event") event = value;
    else if (name === "data") data.push(value);
  }
}
