/**
 * What the head of a request may not hold, although it can be parsed: what a proxy in front of us may read in another way than we do, so that
 * one request passes for another. Node's parser itself refuses a length beside chunks, two lengths, folded lines and bare line ends.
 */

/** Headers that say who asks, whom, and where the body ends: of these there is one, or none. */
const SINGLE = new Set([
  "authorization",
  "content-length",
  "content-type",
  "gantry-executor",
  "gantry-tenant",
  "host",
  "transfer-encoding",
]);

/** Why a request is refused, or undefined. `rawHeaders` are names and values in turn, as they came. */
export function headProblem(url: string, rawHeaders: readonly string[]): string | undefined {
  return targetProblem(url) ?? headersProblem(rawHeaders);
}

function targetProblem(url: string): string | undefined {
  const path = url.split("?", 1)[0]!;
  if (!path.startsWith("/")) return "the target of the request is not a path";
  if (url.includes("#")) return "the target of the request has a fragment";
  if (/%00/.test(url)) return "the path or the query holds a null byte";
  if (/\\|%5c/i.test(path)) return "the path holds a backslash";
  // Proxies take such segments away, we would not: both would see another path.
  if (path.split("/").some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))) return "the path has a segment . or ..";
  return undefined;
}

function headersProblem(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) return `the request has the header ${name} twice`;
    seen.add(name);
    if (name === "transfer-encoding" && rawHeaders[at + 1]!.trim().toLowerCase() !== "chunked")
      return "a body travels whole or in chunks, in no other encoding";
  }
  return undefined;
}
