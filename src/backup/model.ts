import { z } from "zod";

/** The shapes of a backup. `docs/backup.md` describes them for who reads one without Gantry. */

/** Counts up when an older Gantry could no longer read it. */
export const FORMAT = 1;
/** The first line of the file. */
export const MAGIC = "gantry-backup";
/** Bytes that are sealed together; only the last piece is shorter. */
export const CHUNK_BYTES = 64 * 1024;

/** Who may open a backup. */
export type BackupKey =
  | { readonly kind: "passphrase"; readonly passphrase: string }
  /** 32 bytes. */
  | { readonly kind: "key"; readonly key: Uint8Array };

/** Work of scrypt (RFC 7914): n · 8 · 128 bytes of memory. What a header may ask of its reader is bounded. */
const scrypt = z.object({
  n: z
    .int()
    .min(2)
    .max(2 ** 18),
  r: z.literal(8),
  p: z.int().min(1).max(4),
});

/** The second line of the file, in the clear. The third one authenticates it. */
export const headerSchema = z.object({
  format: z.literal(FORMAT),
  /** The version that wrote it. */
  gantry: z.string().max(100),
  /** When, ISO 8601. */
  made: z.string().max(40),
  /** 16 bytes, base64url. */
  salt: z.string().length(22),
  /** Null: the key comes from a file. */
  scrypt: scrypt.nullable(),
});

export type Header = z.output<typeof headerSchema>;

const part = z.object({
  kind: z.enum(["table", "file"]),
  name: z.string(),
  /** Rows of a table, bytes of a file. */
  count: z.int().nonnegative(),
  /** Hex: of a table's lines, of a file's bytes. */
  sha256: z.string().length(64),
});
const leftOut = z.object({ what: z.string(), why: z.string() });
const shape = z.object({
  name: z.string(),
  columns: z.array(z.object({ name: z.string(), kind: z.enum(["text", "integer", "real", "blob"]) })),
  counted: z.string().nullable(),
});

/** What a backup begins with, inside. */
const begin = z.object({
  gantry: z.string(),
  made: z.string(),
  database: z.enum(["sqlite", "postgres"]),
  migrations: z.array(z.string()),
  /** Tables and files, in the order in which they follow. */
  parts: z.array(z.object({ kind: z.enum(["table", "file"]), name: z.string() })),
});

/** What a backup ends with: what is in it, and what is not. */
const manifest = z.object({ parts: z.array(part), leftOut: z.array(leftOut) });

/** Lines that are objects. Between `table` and `end` stand rows (arrays), between `file` and `end` pieces (base64). */
export const recordSchema = z.union([
  z.object({ begin }),
  z.object({ table: shape.extend({ last: z.int().nullable() }) }),
  z.object({ file: z.object({ name: z.string() }) }),
  z.object({ end: z.object({ count: z.int().nonnegative(), sha256: z.string() }) }),
  z.object({ manifest }),
]);

export type Begin = z.output<typeof begin>;
export type Manifest = z.output<typeof manifest>;
export type Part = z.output<typeof part>;
export type LeftOut = z.output<typeof leftOut>;
export type TableHead = z.output<typeof shape> & { readonly last: number | null };
export type BackupRecord = z.output<typeof recordSchema>;
