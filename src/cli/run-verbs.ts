/**
 * Verbs for which files go along: what reads and writes those is loaded for them alone, as all verbs with their parameters take long to load.
 * A test compares this with the verbs.
 */

const SENDING: readonly string[] = ["ADD", "COPY", "TEMPLATE"];
const FETCHING: readonly string[] = ["GET"];

interface Named {
  readonly verb: string;
}

/** Whether files of this machine go to the nodes with it. */
export function sendsFiles({ verb }: Named): boolean {
  return SENDING.includes(verb.toUpperCase());
}

/** Whether files of nodes come to this machine by any of these. */
export function fetchesFiles(verbs: readonly Named[]): boolean {
  return verbs.some(({ verb }) => FETCHING.includes(verb.toUpperCase()));
}
