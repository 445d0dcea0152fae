import { DNS_SERVER_REFUSED, DNS_SERVER_UNREACHABLE, readKeyFile, type ZonePublisher } from "../../dns/index.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { newZone, patchOf, powerdnsSettings, zonePath, type PowerdnsSettings } from "./model.ts";

export { powerdnsSettings } from "./model.ts";

/** Milliseconds the API may take to answer. */
const PATIENCE = 15_000;

/** PowerDNS by its HTTP API: zones that are missing are made, in others the sets that changed are replaced. */
export function powerdnsPublisher(): ZonePublisher {
  return {
    kind: "powerdns",
    compares: true,
    // Its database may know one writer alone.
    lanes: 1,
    settings: powerdnsSettings,
    async publish(given, _view, change, signal) {
      const api = await apiOf(powerdnsSettings.parse(given), signal);
      const path = zonePath(api.serverId, change.zone.name);
      if (await api.ask("PATCH", path, patchOf(change))) return;
      await api.ask("POST", path.slice(0, path.lastIndexOf("/")), newZone(change));
    },
    async remove(given, _view, { name }, signal) {
      const api = await apiOf(powerdnsSettings.parse(given), signal);
      await api.ask("DELETE", zonePath(api.serverId, name));
    },
  };
}

interface Api {
  readonly serverId: string;
  /** False: there is no such thing. */
  ask(method: string, path: string, body?: JsonObject): Promise<boolean>;
}

async function apiOf(settings: PowerdnsSettings, signal: AbortSignal): Promise<Api> {
  const key = (await readKeyFile(settings.apiKeyFile)).trim();
  const base = settings.url.replace(/\/+$/, "");
  return {
    serverId: settings.serverId,
    async ask(method, path, body) {
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: { "x-api-key": key, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The key goes nowhere else.
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
      }).catch((cause: unknown) => {
        throw new GantryError(DNS_SERVER_UNREACHABLE, `PowerDNS at ${base} does not answer: ${reasonOf(cause)}`, {
          cause,
        });
      });
      const text = await answer.text().catch(() => "");
      if (answer.ok) return true;
      if (answer.status === 404 && method !== "POST") return false;
      // A zone that is not there is, for a PATCH of this API, something it cannot process.
      if (answer.status === 422 && method === "PATCH" && /could not find domain/i.test(text)) return false;
      const kind = answer.status >= 500 ? DNS_SERVER_UNREACHABLE : DNS_SERVER_REFUSED;
      throw new GantryError(kind, `PowerDNS at ${base} answers ${answer.status} to ${method}: ${text.slice(0, 500)}`);
    },
  };
}

function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && cause.message !== "" ? cause.message : messageOf(thrown);
}
