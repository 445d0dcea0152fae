import { z } from "zod";
import { secretText } from "../driver.ts";

/** What a document may say of a machine that is switched by Redfish. */

/** `bmc1.example.org`, `10.0.0.5:8443`, `[fd00::5]`; with `https://` in front or without. */
const ADDRESS =
  /^(?:https:\/\/)?(?<host>[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:]{2,45}\])(?::(?<port>\d{1,5}))?\/?$/;

const address = z.string().transform((value, context): string => {
  const groups = ADDRESS.exec(value)?.groups;
  if (groups !== undefined && Number(groups["port"] ?? 443) <= 65_535)
    return `https://${groups["host"]}:${groups["port"] ?? 443}`;
  const plain = value.startsWith("http://") ? ": without TLS the password would be there for all to read" : "";
  context.addIssue({ code: "custom", message: `is not [https://]HOST[:PORT]${plain}` });
  return z.NEVER;
});

export const redfishAttributes = z
  .strictObject({
    /** Of the BMC. */
    address,
    user: z.string().regex(/^[^\s:]{1,64}$/, "is not a user's name without spaces and colons"),
    password: secretText,
    authentication: z.enum(["session", "basic"]).default("session"),
    /** SHA-256 of the BMC's certificate: what a BMC made for itself can be trusted by. */
    fingerprint: z
      .string()
      .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, "is not the SHA-256 of a certificate: 64 hexadecimal digits")
      .transform((text) => text.replaceAll(":", "").toLowerCase())
      .optional(),
    /** PEM of the authority that vouches for the BMC's certificate, in place of those the worker's machine trusts. */
    authority: z.string().startsWith("-----BEGIN CERTIFICATE-----", "is not a certificate in PEM").optional(),
    /** `Id` of the system, where the service has several. */
    system: z.string().min(1).max(256).optional(),
    /** Seconds the system has to shut down, before the power is cut. */
    stop_timeout: z.int().min(0).max(3600).default(60),
  })
  .refine(({ fingerprint, authority }) => fingerprint === undefined || authority === undefined, {
    message: "leave out one of authority and fingerprint",
    path: ["fingerprint"],
  });

export type RedfishAttributes = z.output<typeof redfishAttributes>;
