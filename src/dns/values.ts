import type { ZoneRecord } from "../inventory/index.ts";
import { formatAddress, isIpv4, parseAddress } from "../network/index.ts";
import { isDomainName, isHostName, wholeName } from "./names.ts";

/** Values of records as a zone file has them. */

/** What a record says: its value, and the name it leads to, where it leads to one that must have an address. */
export type RecordValue = { readonly value: string; readonly leadsTo?: string } | { readonly wrong: string };

/** The characters in one string of a TXT record. */
const LONGEST_STRING = 255;
/** Longer texts do not fit into an answer. */
const LONGEST_TEXT = 60_000;

/** Reads the value of a record that stands in a zone; names in it are relative to the zone. */
export function readValue(zone: string, record: Pick<ZoneRecord, "type" | "value">): RecordValue {
  const text = record.value.trim();
  const words = text.split(/\s+/);
  switch (record.type) {
    case "A":
    case "AAAA":
      return readAddress(record.type, text);
    case "CNAME": {
      const name = wholeName(text, zone);
      return isDomainName(name) ? { value: `${name}.` } : { wrong: `'${shown(text)}' is not a name` };
    }
    case "NS":
      return readNumbersAndHost(zone, words, 0, "NAME, as in ns1");
    case "MX":
      return readNumbersAndHost(zone, words, 1, "PREFERENCE NAME, as in 10 mail");
    case "SRV":
      return readNumbersAndHost(zone, words, 3, "PRIORITY WEIGHT PORT NAME, as in 0 5 5060 sip");
    case "TXT":
      return Buffer.byteLength(record.value) > LONGEST_TEXT
        ? { wrong: `the text is longer than ${LONGEST_TEXT} bytes` }
        : { value: quoted(record.value) };
  }
}

function readAddress(type: "A" | "AAAA", text: string): RecordValue {
  try {
    const address = parseAddress(text);
    if (isIpv4(address) === (type === "A") && !(type === "A" && text.includes(":")))
      return { value: formatAddress(address) };
  } catch {
    // Said below.
  }
  return { wrong: `'${shown(text)}' is not an IPv${type === "A" ? 4 : 6} address` };
}

/** Numbers of 16 bits, and a host. A single dot means that there is none (RFC 2782, RFC 7505). */
function readNumbersAndHost(zone: string, words: readonly string[], count: number, form: string): RecordValue {
  const numbers = words.slice(0, count);
  const target = words[count];
  if (
    target === undefined ||
    words.length !== count + 1 ||
    !numbers.every((word) => /^\d{1,5}$/.test(word) && Number(word) <= 65_535)
  )
    return { wrong: `'${shown(words.join(" "))}' is not ${form}` };
  const front = numbers.map((word) => `${Number(word)} `).join("");
  if (target === "." && count > 0) return { value: `${front}.` };
  const name = wholeName(target, zone);
  if (!isHostName(name)) return { wrong: `'${shown(target)}' is not the name of a host` };
  return { value: `${front}${name}.`, leadsTo: name };
}

/** A text as the strings of a TXT record: at most 255 bytes each, quoted; what is not printable ASCII as `\DDD`. */
export function quoted(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const strings: string[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += LONGEST_STRING)
    strings.push(`"${[...bytes.subarray(start, start + LONGEST_STRING)].map(escaped).join("")}"`);
  return strings.join(" ");
}

function escaped(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\${String(byte).padStart(3, "0")}`;
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
