import { SHORT_KEY } from "../link/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { openedSecrets } from "../platform/redaction/index.ts";
import type { Settings } from "./configure.ts";

/** The key that agents join by. Takes it out of the environment: nothing that the server starts gets to see it. */
export function takeSharedKey(settings: Settings, environment: NodeJS.ProcessEnv, log: Logger): string | undefined {
  delete environment["GANTRY_SHARED_KEY"];
  const key = settings.shared_key;
  if (key === null) return undefined;
  openedSecrets.add("shared_key", key);
  if (key.length < SHORT_KEY)
    log.warn({ characters: key.length, enough: SHORT_KEY }, "the shared key is short, and may be found by trying");
  return key;
}
