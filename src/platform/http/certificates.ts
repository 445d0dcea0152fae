import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { ensurePrivateFolder, writePrivateFile } from "../files/index.ts";
import { making } from "./certificate-thread.ts";
import { CERTIFICATE_INVALID } from "./errors.ts";
import { settleRotation } from "./rotation.ts";
import { SERVER_NAME } from "./server-name.ts";

/** What a TLS listener needs. */
export interface Certificates {
  /** PEM: the server's certificate, then those above it, the CA included, so that a client can pin it. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
  /** PEM of the certificate to trust: our own CA, or what ends a chain that a person made. */
  readonly authority: string;
  /** SHA-256 of that certificate (DER), hex: what join tokens pin. */
  readonly pin: string;
  /** The CA before: whoever trusts it is still served, until then (epoch milliseconds). */
  readonly former: { readonly authority: string; readonly pin: string; readonly until: number } | undefined;
}

const DAY = 24 * 60 * 60 * 1000;
/** A certificate with less life than this is made anew. */
const RENEW_BEFORE = 30 * DAY;

/**
 * The certificates in a folder, made on first start: a CA, and a server certificate for the names and addresses given. The server
 * certificate is made anew when it ends soon, lacks a name, or another CA has taken over.
 */
export async function ensureCertificates(
  folder: string,
  names: readonly string[],
  clock: Clock,
): Promise<Certificates> {
  await ensurePrivateFolder(folder);
  const file = (name: string): string => join(folder, name);
  if (!existsSync(file("ca.pem")) || !existsSync(file("ca-key.pem"))) {
    const made = await making("makeAuthority", clock.now());
    await writePrivateFile(file("ca-key.pem"), made.key);
    await writePrivateFile(file("ca.pem"), made.certificate);
  }
  const former = await settleRotation(folder, clock.now());
  const authority = await readFile(file("ca.pem"), "utf8");
  const above = former === undefined ? authority : former.cross + former.certificate;
  const wanted = [...new Set([SERVER_NAME, "localhost", ...names])].sort();
  if (!(await isCurrent(file("server.pem"), authority, above, wanted, clock.now()))) {
    const made = await making(
      "makeServerCertificate",
      authority,
      await readFile(file("ca-key.pem"), "utf8"),
      wanted,
      clock.now(),
    );
    await writePrivateFile(file("server-key.pem"), made.key);
    await writePrivateFile(file("server.pem"), made.certificate + above);
  }
  const read = await readCertificates(file("server.pem"), file("server-key.pem"));
  const own = new X509Certificate(authority);
  return {
    ...read,
    authority: own.toString(),
    pin: pinOf(own),
    former:
      former === undefined
        ? undefined
        : { authority: former.certificate, pin: pinOf(new X509Certificate(former.certificate)), until: former.until },
  };
}

/** Certificates a person made. Errors: `certificate_invalid`. */
export async function readCertificates(chainFile: string, keyFile: string): Promise<Certificates> {
  try {
    const [chain, key] = await Promise.all([readFile(chainFile, "utf8"), readFile(keyFile, "utf8")]);
    createSecureContext({ cert: chain, key });
    const certificates = splitChain(chain);
    const last = new X509Certificate(certificates.at(-1) ?? "");
    if (!new X509Certificate(certificates[0]!).checkPrivateKey(createPrivateKey(key)))
      throw new Error("the key does not belong to the certificate");
    return { chain, key, authority: last.toString(), pin: pinOf(last), former: undefined };
  } catch (cause) {
    throw new GantryError(CERTIFICATE_INVALID, `cannot use ${chainFile} with ${keyFile}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** SHA-256 of a certificate, hex without colons. */
export function pinOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}

function splitChain(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
}

async function isCurrent(
  file: string,
  authority: string,
  above: string,
  names: readonly string[],
  now: number,
): Promise<boolean> {
  if (!existsSync(file)) return false;
  const text = await readFile(file, "utf8");
  if (!text.endsWith(above)) return false;
  const certificate = new X509Certificate(text);
  if (!certificate.verify(new X509Certificate(authority).publicKey)) return false;
  if (Date.parse(certificate.validTo) - now < RENEW_BEFORE) return false;
  return names.every(
    (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
  );
}
