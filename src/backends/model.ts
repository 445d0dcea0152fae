import { isAbsolute } from "node:path";
import { z } from "zod";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { BACKEND_INVALID } from "./errors.ts";

/** Where the truth of sites lives, when it is not the database. */

export const BACKEND_KINDS = ["files", "gantry", "netbox"] as const;
export type BackendKind = (typeof BACKEND_KINDS)[number];

export interface BackendData {
  readonly name: string;
  readonly kind: BackendKind;
  /** The truth of this site and of those below it lives there. */
  readonly site: string;
  readonly settings: JsonObject;
}

/** A backend as it is kept. */
export interface Backend extends BackendData {
  readonly id: Id;
  readonly tenantId: Id;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const path = z.string().max(4096).refine(isAbsolute, "must be a whole path: /srv/inventory");
const every = z.int().min(1).max(86_400).default(60);

const FILES = z.strictObject({ folder: path, format: z.enum(["site", "osa", "osa-config"]).optional(), every });
const GANTRY = z.strictObject({
  url: z.string().max(2048),
  tokenFile: path,
  ca: path.optional(),
  tenant: z.string().min(1).max(63).optional(),
  every,
});
const NETBOX = z.strictObject({
  url: z.string().max(2048),
  tokenFile: path,
  ca: path.optional(),
  mapping: path,
  every,
  /** Seconds between questions whether something changed. */
  poll: z.int().min(1).max(86_400).default(15),
});

export type FilesSettings = z.output<typeof FILES>;
export type GantrySettings = z.output<typeof GANTRY>;
export type NetBoxSettings = z.output<typeof NETBOX>;

const SETTINGS = { files: FILES, gantry: GANTRY, netbox: NETBOX } as const;

/** The settings of a backend in full. Errors: `backend_invalid`. */
export function settingsOf<Kind extends BackendKind>(
  kind: Kind,
  settings: JsonObject,
): z.output<(typeof SETTINGS)[Kind]> {
  const parsed = SETTINGS[kind].safeParse(settings);
  if (parsed.success) return parsed.data as z.output<(typeof SETTINGS)[Kind]>;
  const [issue] = parsed.error.issues;
  const where = ["settings", ...(issue?.path ?? [])].join(".");
  throw new GantryError(BACKEND_INVALID, `${where}: ${issue?.message ?? "is not valid"}`);
}

/** Who manages the rows of a backend. */
export function ownerOf(backend: string): string {
  return `backend:${backend}`;
}

/** The backend whose row this is; undefined: it is kept in the database. */
export function backendOf(managedBy: string): string | undefined {
  return managedBy.startsWith("backend:") ? managedBy.slice("backend:".length) : undefined;
}
