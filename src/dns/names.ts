/** Rules for names in DNS. Source: RFC 1035 section 2.3, RFC 1123 section 2.1. Names are in lower case, without a dot at the end. */

const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/** Names that are of no host may have underscores (`_sip._tcp`) and, in reverse zones, slashes (RFC 2317). */
const LABEL = /^[a-z0-9_](?:[a-z0-9_/-]*[a-z0-9_])?$/;

/** Lower case, without the dot at the end. */
export function normalName(text: string): string {
  return (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
}

/** A name as it stands in a zone file: relative to the zone, unless a dot ends it. Empty and `@`: the zone itself. */
export function wholeName(text: string, zone: string): string {
  if (text === "" || text === "@") return zone;
  return text.endsWith(".") ? normalName(text) : `${text.toLowerCase()}.${zone}`;
}

/** Whether it may be the name of a host: the owner of an address, the target of an NS, MX or SRV record. */
export function isHostName(name: string): boolean {
  return fits(name) && name.split(".").every((label) => label.length <= LONGEST_LABEL && HOST_LABEL.test(label));
}

/** Whether it may be the name of any record. */
export function isDomainName(name: string): boolean {
  return fits(name) && name.split(".").every((label) => label.length <= LONGEST_LABEL && LABEL.test(label));
}

/** The same, with `*` for the first label: a record for all names that have none. */
export function withoutWildcard(name: string): string {
  return name.startsWith("*.") ? name.slice(2) : name;
}

function fits(name: string): boolean {
  return name.length > 0 && name.length <= LONGEST_NAME;
}

/** Whether a name is that of the zone or below it. */
export function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** The name and those above it, itself first: `a.b.c`, `b.c`, `c`. */
export function* upwards(name: string): Generator<string> {
  for (let rest = name; ;) {
    yield rest;
    const dot = rest.indexOf(".");
    if (dot === -1) return;
    rest = rest.slice(dot + 1);
  }
}

/** Names from the root down (RFC 4034 section 6.1), numbers among their labels by value. */
export function inOrder(names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, key: orderKey(name) }))
    .sort((a, b) => (a.key === b.key ? (a.name < b.name ? -1 : 1) : a.key < b.key ? -1 : 1))
    .map(({ name }) => name);
}

/** The same order, of two names. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const [one, other] = [orderKey(a), orderKey(b)];
  return one === other ? (a < b ? -1 : 1) : one < other ? -1 : 1;
}

/** A text that sorts as the name does: labels from the root down, a character between them that comes before all others. */
function orderKey(name: string): string {
  // Nibbles need no counting: their labels are of one length.
  if (name.endsWith(".ip6.arpa")) return name.split(".").reverse().join("\u0001");
  return name
    .split(".")
    .reverse()
    .map((label) => (/^\d{1,5}$/.test(label) ? label.padStart(5, "0") : label))
    .join("\u0001");
}
