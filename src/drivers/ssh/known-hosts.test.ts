import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { fingerprintOf, hostKeyOf, keysInFile, together, verdictOn, wantedTypes } from "./known-hosts.ts";

function key(type: string, body: string): Buffer {
  const field = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  return Buffer.concat([field(type), field(body.padEnd(32, "x"))]);
}
const ED = key("ssh-ed25519", "one");
const OTHER = key("ssh-ed25519", "two");
const RSA = key("ssh-rsa", "three");

function line(names: string, one: Buffer, type = "ssh-ed25519"): string {
  return `${names} ${type} ${one.toString("base64")}`;
}
function hashed(name: string): string {
  const salt = Buffer.from("salt of twenty bytes");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

const WEB = { name: "web1.example.org", port: 22 };

test.each([
  ["its name", "web1.example.org", WEB, true],
  ["its name in capitals", "WEB1.example.org", WEB, true],
  ["one of many", "db1,web1.example.org,192.0.2.1", WEB, true],
  ["a pattern", "web?.*.org", WEB, true],
  ["a pattern it is taken out of", "!web1.*,*.example.org", WEB, false],
  ["another name", "web2.example.org", WEB, false],
  ["its name at another port", "web1.example.org", { ...WEB, port: 2222 }, false],
  ["its name and port", "[web1.example.org]:2222", { ...WEB, port: 2222 }, true],
  ["an address of IPv6", "2001:db8::1", { name: "2001:db8::1", port: 22 }, true],
  ["its hashed name", hashed("web1.example.org"), WEB, true],
  ["its hashed name and port", hashed("[web1.example.org]:2222"), { ...WEB, port: 2222 }, true],
  ["another hashed name", hashed("web2.example.org"), WEB, false],
  ["a pattern that takes long for others", `${"*a".repeat(50)}b`, { name: "a".repeat(200), port: 22 }, false],
])("a line with %s", (_what, names, host, known) => {
  expect(verdictOn(ED, keysInFile(line(names, ED), host))).toBe(known ? "known" : "unknown");
});

test("another key than is known is no unknown key, and one that was revoked is worth nothing", () => {
  const known = keysInFile(line("web1.example.org", ED), WEB);
  expect(verdictOn(OTHER, known)).toBe("differs");
  const revoked = keysInFile(`@revoked ${line("*", ED)}`, WEB);
  expect(verdictOn(ED, together([known, revoked]))).toBe("differs");
});

test("what is no line of a key is passed over", () => {
  const text = [
    "",
    "# comment",
    `@cert-authority ${line("*", ED)}`,
    "web1.example.org ssh-ed25519 !!!",
    "x",
    line("*", ED, "ssh-rsa"),
  ];
  expect(keysInFile(text.join("\n"), WEB)).toEqual({ keys: [], fingerprints: [], revoked: [] });
});

test("a key is given whole or by its fingerprint", () => {
  expect(verdictOn(ED, hostKeyOf(`${line("", ED).trim()} root@web1`)!)).toBe("known");
  expect(verdictOn(ED, hostKeyOf(fingerprintOf(ED))!)).toBe("known");
  expect(verdictOn(OTHER, hostKeyOf(fingerprintOf(ED))!)).toBe("differs");
  expect(hostKeyOf("SHA256:short")).toBeUndefined();
  expect(hostKeyOf("ssh-ed25519")).toBeUndefined();
});

test("the server is asked for keys of the types that are known", () => {
  const known = keysInFile([line("*", ED), line("*", RSA, "ssh-rsa")].join("\n"), WEB);
  expect(wantedTypes(known)).toEqual(["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"]);
  expect(wantedTypes(hostKeyOf(fingerprintOf(ED))!)).toBeUndefined();
});
