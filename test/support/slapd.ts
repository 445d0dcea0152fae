import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { ensureCertificates } from "../../src/platform/http/index.ts";
import { freePort, until } from "./names.ts";
import type { RealPart } from "./real-part.ts";

/** OpenLDAP's server, in a folder of its own: not the one Debian's package starts. */
export const slapdPart: RealPart = {
  name: "slapd",
  packages: ["slapd"],
  present: () => existsSync("/usr/sbin/slapd"),
};

export const BASE = "dc=example,dc=org";
export const PEOPLE = `ou=people,${BASE}`;
export const GROUPS = `ou=groups,${BASE}`;
export const LOOKUP = { dn: `cn=lookup,${BASE}`, password: "the word of lookup" };

export interface Slapd {
  /** `ldap://127.0.0.1:PORT`, with StartTLS; the same with `ldaps`. */
  readonly url: string;
  readonly tlsUrl: string;
  /** PEM of its authority. */
  readonly authority: string;
  stop(): Promise<void>;
}

function settingsOf(folder: string): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCACertificateFile ${join(folder, "tls/ca.pem")}
TLSCertificateFile ${join(folder, "tls/server.pem")}
TLSCertificateKeyFile ${join(folder, "tls/server-key.pem")}
pidfile ${join(folder, "pid")}
database mdb
suffix "${BASE}"
rootdn "cn=root,${BASE}"
directory ${join(folder, "data")}
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${LOOKUP.dn}" read by * none
`;
}

const TOP = [
  `dn: ${BASE}`,
  "objectClass: dcObject",
  "objectClass: organization",
  "o: Example",
  "dc: example",
  "",
  `dn: ${LOOKUP.dn}`,
  "objectClass: person",
  "cn: lookup",
  "sn: lookup",
  `userPassword: ${LOOKUP.password}`,
  "",
  ...["people", "groups"].flatMap((name) => [
    `dn: ou=${name},${BASE}`,
    "objectClass: organizationalUnit",
    `ou: ${name}`,
    "",
  ]),
];

/** Starts one with these entries (LDIF) beside the tops of its tree; it ends with the test. */
export async function startSlapd(entries: string): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-slapd-"));
  mkdirSync(join(folder, "data"));
  const { authority } = await ensureCertificates(join(folder, "tls"), ["127.0.0.1"], systemClock);
  const settings = join(folder, "slapd.conf");
  writeFileSync(settings, settingsOf(folder));
  const ldif = join(folder, "entries.ldif");
  writeFileSync(ldif, `${TOP.join("\n")}\n${entries}`);
  // A server that runs writes what follows from memberships; one that is filled beforehand is given it.
  execFileSync("/usr/sbin/slapadd", ["-f", settings, "-l", ldif], { stdio: ["ignore", "ignore", "inherit"] });
  const [plain, tls] = [await freePort(), await freePort()];
  const urls = `ldap://127.0.0.1:${plain}/ ldaps://127.0.0.1:${tls}/`;
  const words = ["/usr/sbin/slapd", "-f", settings, "-h", urls, "-d", "0"];
  // Ends with the test run, also when that is killed.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...words], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-10_000)));

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`slapd ended: ${said}`);
      return answers(tls);
    },
    (open) => open,
  );
  return { url: `ldap://127.0.0.1:${plain}`, tlsUrl: `ldaps://127.0.0.1:${tls}`, authority, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
