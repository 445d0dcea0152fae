import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from "@peculiar/x509";
import type { Clock } from "../kernel/clock.ts";
import { type Random, systemRandom } from "../kernel/ids.ts";
import { systemClock } from "../kernel/clock.ts";
import { LINK_PATHS } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { acceptPolls } from "./poll-server.ts";
import { acceptWebSockets } from "./websocket.ts";

/** For tests: a certificate authority, and a bare HTTPS server that speaks both transports of the link. */

export interface TestAuthority {
  /** PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 24 * 60 * 60 * 1000;

/** An authority, and a server certificate for these names and addresses. */
export async function createTestAuthority(
  names: { dns?: string[]; ip?: string[] } = { ip: ["127.0.0.1"] },
): Promise<TestAuthority> {
  const authorityKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const serverKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Test authority",
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
    ...validity,
  });
  const certificate: X509Certificate = await X509CertificateGenerator.create({
    subject: "CN=Test server",
    issuer: authority.subject,
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension([
        ...(names.dns ?? []).map((value) => ({ type: "dns" as const, value })),
        ...(names.ip ?? []).map((value) => ({ type: "ip" as const, value })),
      ]),
    ],
    ...validity,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", serverKeys.privateKey)).toString("base64");
  return {
    authority: authority.toString("pem"),
    certificate: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
  };
}

export interface TestServer {
  readonly url: string;
  readonly server: Server;
  readonly connections: Connection[];
  close(): Promise<void>;
}

export async function startTestServer(
  tls: TestAuthority,
  options: { webSocket?: boolean; clock?: Clock; random?: Random; accept?: (connection: Connection) => void } = {},
): Promise<TestServer> {
  const connections: Connection[] = [];
  function accept(connection: Connection): void {
    connections.push(connection);
    options.accept?.(connection);
  }
  const webSockets = acceptWebSockets(accept);
  const polls = acceptPolls(accept, { clock: options.clock ?? systemClock, random: options.random ?? systemRandom });
  const server = createServer({ cert: tls.certificate, key: tls.key }, (request, response) => {
    if (request.url === LINK_PATHS.poll) polls.handle(request, response);
    else response.writeHead(404).end();
  });
  if (options.webSocket !== false) server.on("upgrade", webSockets.upgrade);
  else server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    connections,
    async close() {
      polls.close();
      webSockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
