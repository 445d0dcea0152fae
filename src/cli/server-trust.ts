import { readFile } from "node:fs/promises";
import type { DetailedPeerCertificate } from "node:tls";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { SERVER_NOT_TRUSTED, USAGE } from "./errors.ts";
import { EXIT, Exit } from "./failure.ts";
import { lineFrom } from "./password.ts";

/**
 * The authority to trust for a server that is asked for the first time: out of a file; none of its own when the system trusts it already; else
 * the one it shows, when its fingerprint is the one that was told, or a person says yes to it.
 *
 * @returns PEM; undefined: those of the system
 *
 * Errors: `usage`, `server_not_trusted`.
 */
export async function authorityFor(
  context: CommandContext,
  url: string,
  { ca, fingerprint }: { readonly ca: string | undefined; readonly fingerprint: string | undefined },
): Promise<string | undefined> {
  if (ca !== undefined) {
    try {
      return await readFile(ca, "utf8");
    } catch (cause) {
      throw new GantryError(USAGE, `--ca: ${messageOf(cause)}`, { cause });
    }
  }
  const target = URL.parse(url);
  if (target?.protocol !== "https:")
    throw new GantryError(USAGE, `--url ${url} is not like https://gantry.example:7411`);
  const shown = await shownBy(target);
  if (shown === undefined) return undefined;
  if (fingerprint !== undefined) {
    if (plain(fingerprint) === plain(shown.fingerprint)) return shown.pem;
    throw new GantryError(SERVER_NOT_TRUSTED, `${target.origin} shows an authority with another fingerprint`);
  }
  context.terminal.error(
    `${target.origin} shows an authority that is not known here. Its fingerprint (SHA-256):\n  ${shown.fingerprint}\n`,
  );
  const answer = await lineFrom(context, "Trust it from now on? [y/N] ");
  if (answer === undefined) throw new GantryError(SERVER_NOT_TRUSTED, `${target.origin} is not trusted`);
  if (!/^y(es)?$/i.test(answer)) throw new Exit(EXIT.refused);
  return shown.pem;
}

/** The top of the chain a server shows; undefined when the system trusts it. Nothing is sent to it. */
async function shownBy(target: URL): Promise<{ readonly pem: string; readonly fingerprint: string } | undefined> {
  const { connect } = await import("node:tls");
  const host = target.hostname.replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(target.port || 443), rejectUnauthorized: false, timeout: 10_000 });
    const failed = (cause: unknown): void => {
      socket.destroy();
      reject(
        new GantryError(SERVER_NOT_TRUSTED, `${target.origin} shows no certificate: ${messageOf(cause)}`, { cause }),
      );
    };
    socket.once("error", failed);
    socket.once("timeout", () => failed(new Error("it takes too long")));
    socket.once("secureConnect", () => {
      let top: DetailedPeerCertificate = socket.getPeerCertificate(true);
      while (top.issuerCertificate !== undefined && top.issuerCertificate !== top) {
        if (top.issuerCertificate.fingerprint256 === top.fingerprint256) break;
        top = top.issuerCertificate;
      }
      const { authorized } = socket;
      socket.destroy();
      if (authorized) resolve(undefined);
      else {
        const lines = top.raw.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n");
        const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
        resolve({ pem, fingerprint: top.fingerprint256 });
      }
    });
  });
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(/[:\s]/g, "").toLowerCase();
}
