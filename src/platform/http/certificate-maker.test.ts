import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { describe, expect, it } from "vitest";
import { makeAuthority, makeServerCertificate } from "./certificate-maker.ts";
import { SERVER_NAME } from "./server-name.ts";

// OpenSSL, which is part of Node, reads what was made here.

const NOW = Date.UTC(2026, 2, 1, 12, 0, 0);
const DAY = 24 * 60 * 60 * 1000;

describe("certificates", () => {
  it("begin with a CA that signs itself, for ten years", async () => {
    const made = await makeAuthority(NOW);
    const authority = new X509Certificate(made.certificate);
    expect(authority.subject).toBe("CN=Gantry CA");
    expect(authority.ca).toBe(true);
    expect(authority.checkIssued(authority)).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(authority.validFromDate).toEqual(new Date(NOW - 10 * 60 * 1000));
    expect(authority.validToDate).toEqual(new Date(NOW + 3650 * DAY));
  });

  it("go on with one for a server, under its names and addresses", async () => {
    const authority = await makeAuthority(NOW);
    const names = [SERVER_NAME, "localhost", "127.0.0.1", "::1", "fd00:1:2::7:8"];
    const made = await makeServerCertificate(authority.certificate, authority.key, names, NOW);
    const server = new X509Certificate(made.certificate);
    const issuer = new X509Certificate(authority.certificate);
    expect(server.ca).toBe(false);
    expect(server.checkIssued(issuer)).toBe(true);
    expect(server.verify(issuer.publicKey)).toBe(true);
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    for (const name of ["localhost", SERVER_NAME]) expect(server.checkHost(name)).toBe(name);
    for (const address of names.slice(2)) expect(server.checkIP(address)).toBe(address);
    expect([server.checkHost("other"), server.checkIP("127.0.0.2"), server.checkIP("::2")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(server.validToDate).toEqual(new Date(NOW + 365 * DAY));
    expect(() => createSecureContext({ cert: made.certificate, key: made.key })).not.toThrow();
  });

  it("take as many names as there are, and years beyond 2049", async () => {
    const late = Date.UTC(2049, 11, 31, 23, 59, 59);
    const authority = await makeAuthority(late);
    const names = Array.from({ length: 5000 }, (_, index) => `host-${index}.example`);
    const server = new X509Certificate(
      (await makeServerCertificate(authority.certificate, authority.key, names, late)).certificate,
    );
    expect(server.subjectAltName?.split(", ")).toHaveLength(5000);
    expect(server.checkHost("host-4999.example")).toBe("host-4999.example");
    expect(server.validFromDate.getUTCFullYear()).toBe(2049);
    expect(server.validToDate).toEqual(new Date(late + 365 * DAY));
  });

  it("have serial numbers of their own", async () => {
    const authority = await makeAuthority(NOW);
    const numbers = new Set<string>();
    for (let made = 0; made < 20; made += 1) {
      const { certificate } = await makeServerCertificate(authority.certificate, authority.key, ["a"], NOW);
      numbers.add(new X509Certificate(certificate).serialNumber);
    }
    expect(numbers.size).toBe(20);
  });
});
