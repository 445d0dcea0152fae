import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { ensurePrivateFolder, writePrivateFile } from "../files/index.ts";
import { CERTIFICATE_INVALID } from "./errors.ts";
import { SERVER_NAME } from "./server-name.ts";

/** What a TLS listener needs. */
export interface Certificates {
  /** PEM: the server's certificate, then those above it, the CA included, so that a client can pin it. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
  /** PEM of the certificate that ends the chain. */
  readonly authority: string;
  /** SHA-256 of that certificate (DER), hex: what join tokens pin. */
  readonly pin: string;
}

const DAY = 24 * 60 * 60 * 1000;
/** A certificate with less life than this is made anew. */
const RENEW_BEFORE = 30 * DAY;

/**
 * The certificates in a folder, made on first start: a CA, and a server certificate for the names and addresses given. The server
 * certificate is made anew when it ends soon or lacks a name.
 */
export async function ensureCertificates(
  folder: string,
  names: readonly string[],
  clock: Clock,
): Promise<Certificates> {
  await ensurePrivateFolder(folder);
  const file = (name: string): string => join(folder, name);
  if (!existsSync(file("ca.pem")) || !existsSync(file("ca-key.pem"))) {
    const { makeAuthority } = await maker();
    const made = await makeAuthority(clock.now());
    await writePrivateFile(file("ca-key.pem"), made.key);
    await writePrivateFile(file("ca.pem"), made.certificate);
  }
  const authority = await readFile(file("ca.pem"), "utf8");
  const wanted = [...new Set([SERVER_NAME, "localhost", ...names])].sort();
  if (!(await isCurrent(file("server.pem"), authority, wanted, clock.now()))) {
    const { makeServerCertificate } = await maker();
    const made = await makeServerCertificate(
      authority,
      await readFile(file("ca-key.pem"), "utf8"),
      wanted,
      clock.now(),
    );
    await writePrivateFile(file("server-key.pem"), made.key);
    await writePrivateFile(file("server.pem"), made.certificate + authority);
  }
  return readCertificates(file("server.pem"), file("server-key.pem"));
}

/** Needed once a year: its library is a fifth of all that a server would load. */
function maker(): Promise<typeof import("./certificate-maker.ts")> {
  return import("./certificate-maker.ts");
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
    return { chain, key, authority: last.toString(), pin: pinOf(last) };
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

async function isCurrent(file: string, authority: string, names: readonly string[], now: number): Promise<boolean> {
  if (!existsSync(file)) return false;
  const certificate = new X509Certificate(await readFile(file));
  if (!certificate.verify(new X509Certificate(authority).publicKey)) return false;
  if (Date.parse(certificate.validTo) - now < RENEW_BEFORE) return false;
  return names.every(
    (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
  );
}
