import { X509Certificate } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type PeerCertificate } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock, type ManualClock } from "../../kernel/clock.ts";
import { keepOwnCertificates, keepSuppliedCertificates, type CertificateKeeper } from "./certificate-keeper.ts";
import { ensureCertificates, type Certificates } from "./certificates.ts";
import { makeAuthority, makeServerCertificate } from "./certificate-maker.ts";

const DAY = 24 * 60 * 60 * 1000;

let folder: string;
let clock: ManualClock;
let servers: Server[];
let warnings: object[];
let keepers: CertificateKeeper[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-rotation-"));
  // OpenSSL looks at the system's clock.
  clock = manualClock(Date.now());
  servers = [];
  warnings = [];
  keepers = [];
});
afterEach(() => {
  for (const keeper of keepers) keeper.stop();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const log = { info() {}, warn: (fields: object) => void warnings.push(fields) };

async function own(names: readonly string[] = ["127.0.0.1"]): Promise<CertificateKeeper> {
  const keeper = await keepOwnCertificates(folder, names, { clock, log });
  keepers.push(keeper);
  return keeper;
}

async function serve(certificates: Certificates): Promise<Server> {
  const server = createServer({ cert: certificates.chain, key: certificates.key });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Whether somebody who trusts this authority alone gets through, and the chain that is shown. */
function visit(server: Server, ca: string): Promise<{ error: string | undefined; chain: string[] }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", ca, rejectUnauthorized: true }, () => {
      const chain: string[] = [];
      let next: PeerCertificate | undefined = socket.getPeerCertificate(true);
      while (next?.raw !== undefined && !chain.includes(next.fingerprint256)) {
        chain.push(next.fingerprint256);
        next = (next as { issuerCertificate?: PeerCertificate }).issuerCertificate;
      }
      socket.destroy();
      resolve({ error: undefined, chain });
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code, chain: [] }));
  });
}

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;

describe("another authority", () => {
  it("is trusted at once, and the former one for as long as it was said", async () => {
    const keeper = await own();
    const former = keeper.current;
    expect(former.former).toBeUndefined();
    const seen: Certificates[] = [];
    keeper.onChange((certificates) => seen.push(certificates));
    // Certificates are good from ten minutes before they are made.
    const overlap = 5 * 60_000;
    await keeper.rotate(overlap);
    const now = keeper.current;
    expect(seen).toEqual([now]);
    expect(now.pin).not.toBe(former.pin);
    expect(now.former).toEqual({ authority: former.authority, pin: former.pin, until: clock.now() + overlap });
    const server = await serve(now);
    expect(await visit(server, now.authority)).toMatchObject({ error: undefined });
    const old = await visit(server, former.authority);
    expect(old.error).toBeUndefined();
    // Join tokens made before pin the former one: it is still in the chain.
    expect(old.chain).toContain(fingerprint(former.authority));
    const stranger = await makeAuthority(Date.now());
    expect((await visit(server, stranger.certificate)).error).toBeDefined();

    clock.advance(overlap);
    await keeper.look();
    expect(keeper.current.former).toBeUndefined();
    expect(keeper.current.pin).toBe(now.pin);
    server.setSecureContext({ cert: keeper.current.chain, key: keeper.current.key });
    expect((await visit(server, former.authority)).error).toBeDefined();
    expect((await visit(server, now.authority)).error).toBeUndefined();
  });

  it("is dropped at once when that is asked for", async () => {
    const keeper = await own();
    const former = keeper.current;
    await expect(keeper.dropFormer()).rejects.toMatchObject({ code: "authority_former_none" });
    await keeper.rotate(7 * DAY);
    await expect(keeper.rotate(7 * DAY)).rejects.toMatchObject({ code: "authority_rotating" });
    await keeper.dropFormer();
    const server = await serve(keeper.current);
    expect((await visit(server, former.authority)).error).toBeDefined();
    await keeper.rotate(7 * DAY);
    expect(keeper.current.former?.pin).not.toBe(former.pin);
  });

  it("leaves no key of the former one behind", async () => {
    const keeper = await own();
    const key = readFileSync(join(folder, "ca-key.pem"), "utf8");
    await keeper.rotate(DAY);
    for (const name of ["ca-key.pem", "former-ca.json"]) {
      const text = readFileSync(join(folder, name), "utf8");
      expect(text.includes(key.split("\n")[1]!)).toBe(false);
    }
  });

  it("is there whole or not at all after a crash, wherever it was", async () => {
    const keeper = await own();
    const before = { pin: keeper.current.pin };
    const files = ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem", "former-ca.json"];
    const saved = (name: string): string => join(folder, `${name}.saved`);
    for (const name of files.slice(0, 4)) copyFileSync(join(folder, name), saved(name));
    await keeper.rotate(DAY);
    const after = keeper.current;
    const ended = JSON.parse(readFileSync(join(folder, "former-ca.json"), "utf8"));
    const next = {
      certificate: readFileSync(join(folder, "ca.pem"), "utf8"),
      key: readFileSync(join(folder, "ca-key.pem"), "utf8"),
    };
    // As it is after each write: first the note with everything, then the key, the certificate, the note again, the server's two files.
    for (const written of [1, 2, 3]) {
      for (const name of files.slice(0, 4)) copyFileSync(saved(name), join(folder, name));
      writeFileSync(join(folder, "former-ca.json"), JSON.stringify({ ...ended, next }));
      if (written > 1) writeFileSync(join(folder, "ca-key.pem"), next.key);
      if (written > 2) writeFileSync(join(folder, "ca.pem"), next.certificate);
      const found = await ensureCertificates(folder, ["127.0.0.1"], clock);
      expect([found.pin, found.former?.pin]).toEqual([after.pin, before.pin]);
      const server = await serve(found);
      expect((await visit(server, found.authority)).error).toBeUndefined();
      expect((await visit(server, found.former!.authority)).error).toBeUndefined();
      expect(readFileSync(join(folder, "former-ca.json"), "utf8")).not.toContain("PRIVATE KEY");
    }
  });
});

describe("a certificate of the server", () => {
  it("is made anew by itself before it ends, by the same authority", async () => {
    const keeper = await own();
    const before = keeper.current;
    const seen: Certificates[] = [];
    keeper.onChange((certificates) => seen.push(certificates));
    clock.advance(334 * DAY);
    await keeper.look();
    expect(seen).toEqual([]);
    clock.advance(2 * DAY);
    await keeper.look();
    expect(seen).toHaveLength(1);
    expect(seen[0]!.pin).toBe(before.pin);
    expect(new X509Certificate(seen[0]!.chain).validToDate.getTime()).toBeGreaterThan(clock.now() + 300 * DAY);
  });

  it("that a person replaces is taken up; half a pair is not", async () => {
    const authority = await makeAuthority(Date.now());
    const file = (name: string): string => join(folder, name);
    async function made(): Promise<{ certificate: string; key: string }> {
      return makeServerCertificate(authority.certificate, authority.key, ["127.0.0.1"], Date.now());
    }
    const [first, second] = [await made(), await made()];
    writeFileSync(file("chain.pem"), first.certificate + authority.certificate);
    writeFileSync(file("key.pem"), first.key);
    const keeper = await keepSuppliedCertificates({ chain: file("chain.pem"), key: file("key.pem") }, { clock, log });
    keepers.push(keeper);
    const seen: Certificates[] = [];
    keeper.onChange((certificates) => seen.push(certificates));
    await keeper.look();
    writeFileSync(file("chain.pem"), second.certificate + authority.certificate);
    await keeper.look();
    expect([seen.length, warnings.length]).toEqual([0, 1]);
    expect(keeper.current.chain).toContain(first.certificate);
    writeFileSync(file("key.pem"), second.key);
    await keeper.look();
    expect(seen.map(({ chain }) => chain)).toEqual([second.certificate + authority.certificate]);
    rmSync(file("key.pem"));
    await keeper.look();
    expect([seen.length, warnings.length]).toEqual([1, 2]);
    await expect(keeper.rotate(DAY)).rejects.toMatchObject({ code: "authority_supplied" });
    expect(existsSync(file("ca.pem"))).toBe(false);
  });
});
