import { createHash, createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import { canonicalJson } from "../../kernel/json.ts";
import { VERB_KINDS, verbFileName, type VerbKind, verbManifest, type VerbManifest } from "./manifest.ts";

/**
 * A verb of one's own as it goes to the nodes: one line of JSON, then its file. The line says what the verb is, which file it has by hash, and
 * is signed by the server with the key of its certificate. Pure.
 */

const FORMAT = "gantry-verb-1";

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  manifest: verbManifest,
  file: verbFileName,
  kind: z.enum(VERB_KINDS),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Base64, of `signedText`. */
  signature: z.string(),
  /** PEM: the certificate of the server that signed, then those above it. */
  chain: z.string().max(65_536),
});
type Head = z.output<typeof headSchema>;

export interface VerbFile {
  readonly manifest: VerbManifest;
  readonly file: string;
  readonly kind: VerbKind;
  readonly bytes: Uint8Array;
}

/** `chain` and `key`: PEM, those of the server's TLS listener. */
export function packVerb(verb: VerbFile, signer: { readonly chain: string; readonly key: string }): Uint8Array {
  const { manifest, file, kind, bytes } = verb;
  const signed = { format: FORMAT, manifest, file, kind, sha256: sha256Of(bytes) } as const;
  const key = createPrivateKey(signer.key);
  const signature = sign(digestFor(key.asymmetricKeyType), Buffer.from(signedText(signed)), key).toString("base64");
  const head: Head = { ...signed, signature, chain: signer.chain };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]);
}

/** Whom an agent trusts. */
export interface TrustedSigner {
  /** PEM of the authority. */
  readonly authority: string;
  /** Names and addresses of which a certificate must bear one: those of the server. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The verb in a package; or, as text, why it is not to be trusted. */
export function openPackage(bytes: Uint8Array, trust: TrustedSigner): VerbFile | string {
  const end = bytes.indexOf(0x0a);
  if (end < 0) return "it has no head";
  let head: Head;
  try {
    head = headSchema.parse(JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()));
  } catch {
    return "its head cannot be read";
  }
  const file = bytes.subarray(end + 1);
  if (sha256Of(file) !== head.sha256) return "its file is not the one that was signed";
  const problem = signerProblem(head, trust);
  if (problem !== undefined) return problem;
  return { manifest: head.manifest, file: head.file, kind: head.kind, bytes: file };
}

function signerProblem(head: Head, { authority, names, now }: TrustedSigner): string | undefined {
  try {
    const { signature, chain, ...signed } = head;
    const certificates = (chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
      (pem) => new X509Certificate(pem),
    );
    const [own] = certificates;
    if (own === undefined) return "nobody signed it";
    const key = own.publicKey;
    if (
      !verify(digestFor(key.asymmetricKeyType), Buffer.from(signedText(signed)), key, Buffer.from(signature, "base64"))
    )
      return "its signature does not fit";
    if (now < Date.parse(own.validFrom) || now > Date.parse(own.validTo)) return "who signed it may not do so any more";
    if (!names.some((name) => (isIP(name) === 0 ? own.checkHost(name) : own.checkIP(name)) !== undefined))
      return "it was not signed by the server";
    return leadsTo(certificates, new X509Certificate(authority)) ? undefined : "it was signed by somebody unknown";
  } catch {
    return "its signature cannot be read";
  }
}

/** Whether each certificate is vouched for by the next, up to the authority. */
function leadsTo(chain: readonly X509Certificate[], authority: X509Certificate): boolean {
  for (const [index, certificate] of chain.entries()) {
    if (certificate.fingerprint256 === authority.fingerprint256) return true;
    if (certificate.checkIssued(authority) && certificate.verify(authority.publicKey)) return true;
    const above = chain[index + 1];
    if (above === undefined || !above.ca || !certificate.checkIssued(above) || !certificate.verify(above.publicKey))
      return false;
  }
  return false;
}

function signedText(signed: Omit<Head, "signature" | "chain">): string {
  return canonicalJson(signed as never);
}

/** Ed25519 and Ed448 hash by themselves. */
function digestFor(type: string | undefined): string | null {
  return type === "ed25519" || type === "ed448" ? null : "sha256";
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
