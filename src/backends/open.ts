import type { InventoryBackend } from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { filesBackend } from "./files.ts";
import { gantryBackend } from "./gantry.ts";
import { settingsOf, type Backend } from "./model.ts";
import { netBoxBackend } from "./netbox.ts";

/** Makes the backend of a kind. Nothing is read yet. Errors: `backend_invalid`. */
export function openBackend(
  backend: Pick<Backend, "name" | "kind" | "site" | "settings">,
  clock: Clock,
): InventoryBackend {
  const { settings } = backend;
  if (backend.kind === "files") return filesBackend(backend, settingsOf("files", settings), clock);
  if (backend.kind === "gantry") return gantryBackend(backend, settingsOf("gantry", settings), clock);
  return netBoxBackend(backend, settingsOf("netbox", settings));
}
