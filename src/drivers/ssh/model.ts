import { z } from "zod";

/** Where to, as whom, and by what one knows that it is the right machine. */
const login = {
  target: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/, "is neither a name nor an address")
    .describe("Name or address of the machine"),
  port: z.int().min(1).max(65535).default(22),
  user: z.string().min(1).max(100),
  password: z.string().min(1).optional().describe("Only from a secret"),
  private_key: z.string().min(1).optional().describe("Only from a secret"),
  passphrase: z.string().min(1).optional().describe("Of the private key; only from a secret"),
  host_key: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The machine's public key (type and key), or its fingerprint (SHA256:…). Left out: the known_hosts files",
    ),
  known_hosts: z.string().min(1).optional().describe("Lines of known_hosts, in the place of the worker's own files"),
  timeout: z.number().positive().optional().describe("Seconds until it is stopped"),
};

export const executeParameters = z.strictObject({
  ...login,
  command: z.string().min(1).describe("What the shell of the user gets"),
  input: z.string().optional().describe("For its standard input"),
  codes: z.array(z.int().min(0).max(255)).min(1).default([0]).describe("Exit codes that are no error"),
});

export const fileParameters = z.strictObject({
  ...login,
  path: z
    .string()
    .min(1)
    .max(4096)
    .regex(/^\/[^\0]*$/, "does not begin with /"),
  content: z.string().optional().describe("What is to stand in it. Left out: it is read"),
  encoding: z.enum(["utf8", "base64"]).default("utf8").describe("How its bytes are written as text"),
  mode: z
    .string()
    .regex(/^[0-7]{3,4}$/, "is not an octal mode like 0644")
    .optional()
    .describe("Of the file, octal. Left out: as it is, else 0644"),
});

export type ExecuteParameters = z.output<typeof executeParameters>;
export type FileParameters = z.output<typeof fileParameters>;
export type Login = Pick<
  ExecuteParameters,
  "target" | "port" | "user" | "password" | "private_key" | "passphrase" | "host_key" | "known_hosts"
>;

/** Parameters that must come from secrets. */
export const SECRET_PARAMETERS = ["password", "private_key", "passphrase"] as const;
