import {
  DNS_SERVER_REFUSED,
  DNS_SERVER_UNREACHABLE,
  readKeyFile,
  runProgram,
  type ZonePublisher,
} from "../../dns/index.ts";
import { GantryError } from "../../kernel/errors.ts";
import { nsupdateSettings, readRefusal, removalsOf, updatesOf, type NsupdateSettings } from "./model.ts";

export { nsupdateSettings } from "./model.ts";

/** Messages that stand for themselves are sent by one run of the program: a large zone has hundreds. */
const AT_ONCE = 20;
/** Seconds nsupdate waits for an answer. */
const TIMEOUT = "5";

/** Any server that takes updates by RFC 2136: only what changed is sent, signed by a TSIG key. */
export function nsupdatePublisher(): ZonePublisher {
  return {
    kind: "nsupdate",
    compares: true,
    lanes: 4,
    settings: nsupdateSettings,
    async publish(given, _view, change, signal) {
      const settings = nsupdateSettings.parse(given);
      await readKeyFile(settings.keyFile);
      // What depends on what the server has is sent one by one: behind one that fails nothing is done.
      const together = change.before === null ? AT_ONCE : 1;
      if (await sendAll(settings, updatesOf(change, true), signal, together)) return;
      // Somebody else changed what was published: what the inventory says is put there whatever it is now.
      if (await sendAll(settings, updatesOf(change, false), signal, AT_ONCE)) return;
      throw new GantryError(DNS_SERVER_REFUSED, `zone ${change.zone.name} is changed by others all the time`);
    },
    async remove(given, _view, removal, signal) {
      const settings = nsupdateSettings.parse(given);
      await readKeyFile(settings.keyFile);
      await sendAll(settings, removalsOf(removal), signal, AT_ONCE);
    },
  };
}

/** False: the server has not what was expected; the rest is not sent then. */
async function sendAll(
  settings: NsupdateSettings,
  texts: readonly string[],
  signal: AbortSignal,
  together: number,
): Promise<boolean> {
  for (let start = 0; start < texts.length; start += together) {
    const script = `server ${settings.server} ${settings.port}\n${texts.slice(start, start + together).join("")}`;
    const { code, output } = await runProgram(
      "nsupdate",
      ["-v", "-t", TIMEOUT, "-k", settings.keyFile],
      signal,
      script,
    );
    if (code === 0) continue;
    const why = readRefusal(output);
    if (why === "changed") return false;
    const where = `${settings.server} port ${settings.port}`;
    if (why === "unreachable")
      throw new GantryError(DNS_SERVER_UNREACHABLE, `the name server at ${where} does not answer: ${output}`);
    throw new GantryError(DNS_SERVER_REFUSED, `the name server at ${where} refused an update: ${output}`);
  }
  return true;
}
