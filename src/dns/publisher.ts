import type { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";
import type { RecordSet, RenderedZone, TargetKind } from "./model.ts";

/** One zone as a server is to have it. */
export interface ZoneChange {
  readonly zone: RenderedZone;
  readonly serial: number;
  /** What the server has of ours. Null: not known, so everything is to be put there anew. */
  readonly before: readonly RecordSet[] | null;
}

/** A zone that is no longer ours. */
export interface ZoneRemoval {
  readonly name: string;
  readonly before: readonly RecordSet[] | null;
}

/**
 * How one kind of name server is told of zones: the port of this room that drivers fill. Everything may be repeated: what is there already
 * stays as it is.
 */
export interface ZonePublisher {
  readonly kind: TargetKind;
  /** Whether it sends only what changed: what a server has is kept for it. Else `before` is always null. */
  readonly compares: boolean;
  /** How many zones it may be told at once. */
  readonly lanes: number;
  /** What its settings may be. Keys are in files that are named there, never in the settings. */
  readonly settings: z.ZodType<JsonObject>;
  /**
   * Makes the server serve the zone. Gives up by itself after some seconds, and at once by the signal.
   *
   * Errors: `dns_server_unreachable`, `dns_server_refused`, `dns_zone_refused`, `dns_key_file`, `dns_program_missing`.
   */
  publish(settings: JsonObject, view: string | null, change: ZoneChange, signal: AbortSignal): Promise<void>;
  /** Makes it forget the zone, as far as it was ours. Errors: the same. */
  remove(settings: JsonObject, view: string | null, removal: ZoneRemoval, signal: AbortSignal): Promise<void>;
}
