import { isIPv6 } from "node:net";
import { GantryError } from "../kernel/errors.ts";
import { SERVER_ADDRESS_WRONG } from "./errors.ts";

/** Where servers listen when nobody says otherwise. */
const PORT = 7411;

/**
 * The URL of a server as people write its address: `gantry.example.org`, `192.0.2.7`, `192.0.2.7:8443`, `2001:db8::7`, `https://…`.
 *
 * Throws `server_address_wrong`.
 */
export function serverUrl(text: string): string {
  const trimmed = text.trim();
  // A whole URL is taken by its word: without a port it means HTTPS's own.
  if (/^[a-z]+:\/\//i.test(trimmed)) return checked(trimmed, trimmed);
  const host = isIPv6(trimmed) ? `[${trimmed}]` : trimmed;
  const url = checked(`https://${host}`, trimmed);
  return /:\d+$/.test(host) ? url : `${url}:${PORT}`;
}

function checked(url: string, text: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (
    parsed?.protocol === "https:" &&
    parsed.hostname !== "" &&
    parsed.username === "" &&
    /^\/?$/.test(parsed.pathname)
  )
    return url.replace(/\/$/, "");
  throw new GantryError(SERVER_ADDRESS_WRONG, `'${text}' is not the address of a server`);
}
