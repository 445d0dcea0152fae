import { describe, expect, test } from "vitest";
import { redfishAttributes } from "./attributes.ts";
import { redfishFoundations } from "./index.ts";
import { bootChange, follow, interfaceOf, powerOf, refusalText, resetFor, retryAfter } from "./model.ts";

const PLAIN = { address: "bmc1.example.org", user: "ADMIN", password: "secret" };

describe("attributes", () => {
  test.each([
    ["bmc1.example.org", "https://bmc1.example.org:443"],
    ["https://10.0.0.5:8443/", "https://10.0.0.5:8443"],
    ["[fd00::5]", "https://[fd00::5]:443"],
  ])("%s is %s", (address, url) => {
    expect(redfishAttributes.parse({ ...PLAIN, address }).address).toBe(url);
  });

  test.each([
    [{ ...PLAIN, password: { $secret: "bmc" } }, []],
    [{}, ["address: is missing", "user: is missing", "password: is missing"]],
    [
      { ...PLAIN, address: "http://10.0.0.5" },
      ["address: is not [https://]HOST[:PORT]: without TLS the password would be there for all to read"],
    ],
    [{ ...PLAIN, address: "10.0.0.5/redfish" }, ["address: is not [https://]HOST[:PORT]"]],
    [{ ...PLAIN, address: "10.0.0.5:70000" }, ["address: is not [https://]HOST[:PORT]"]],
    [{ ...PLAIN, fingerprint: "ab" }, ["fingerprint: is not the SHA-256 of a certificate: 64 hexadecimal digits"]],
    [{ ...PLAIN, fingerprnt: "ab" }, ["there is no attribute fingerprnt; did you mean fingerprint?"]],
  ])("%j", (attributes, expected) => {
    expect(redfishFoundations.problems(attributes).map(({ message }) => message)).toEqual(expected);
  });

  test("a fingerprint may have colons", () => {
    const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
    expect(redfishAttributes.parse({ ...PLAIN, fingerprint }).fingerprint).toBe("ab".repeat(32));
  });
});

test("what goes on is on, what goes off is not off yet", () => {
  const states = ["On", "PoweringOn", "PoweringOff", "Paused", "Off"] as const;
  expect(states.map((PowerState) => powerOf({ PowerState }))).toEqual(["on", "on", "on", "on", "off"]);
});

test("of what a system allows the best is asked for, and nothing else", () => {
  expect(resetFor("on", ["ForceOn", "On"])).toBe("On");
  expect(resetFor("on", ["PushPowerButton"])).toBe("PushPowerButton");
  expect(resetFor("shut down", ["ForceOff"])).toBeUndefined();
  expect(resetFor("off", undefined)).toBe("ForceOff");
});

test("what a system starts from", () => {
  expect(bootChange("pxe", true, ["Pxe"])).toEqual({
    BootSourceOverrideTarget: "Pxe",
    BootSourceOverrideEnabled: "Once",
  });
  expect(bootChange("disk", false, undefined)).toMatchObject({ BootSourceOverrideEnabled: "Continuous" });
  expect(bootChange("disk", true, ["Pxe"])).toBeUndefined();
  expect(bootChange("default", true, ["Pxe"])).toMatchObject({ BootSourceOverrideEnabled: "Disabled" });
});

test("network interfaces as services give them, with as little as they please", () => {
  const nothing = { addresses: [], network: null, gateway: null };
  expect(interfaceOf({ Id: "1" }, [])).toEqual({ name: "1", mac: null, ...nothing });
  const known = [{ device: "lan0", mac: "52:54:00:AA:00:01" }];
  expect(interfaceOf({ Id: "1", PermanentMACAddress: "52-54-00-AA-00-01" }, known)).toMatchObject({ name: "lan0" });
  const odd = [{ Address: "0.0.0.0" }, { Address: "10.0.0.1", SubnetMask: "rubbish", Gateway: "0.0.0.0" }];
  expect(interfaceOf({ Id: "1", IPv4Addresses: odd }, [])).toMatchObject({
    addresses: [{ address: "10.0.0.1", prefix: 32 }],
    gateway: null,
  });
});

test.each([
  ["/redfish/v1/Systems", "https://bmc:8443/redfish/v1/Systems"],
  ["https://bmc:8443/x", "https://bmc:8443/x"],
  ["https://bmc/x", undefined],
  ["http://bmc:8443/x", undefined],
  ["//evil.example.org/x", undefined],
  ["https://user@bmc:8443/x", undefined],
  ["\\\\evil.example.org/x", undefined],
  ["https://[", undefined],
])("a link to %s leads to %s", (link, url) => {
  expect(follow("https://bmc:8443", link)?.href).toBe(url);
});

test("how long to wait", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(retryAfter("2", now)).toBe(2000);
  expect(retryAfter("86400", now)).toBe(30_000);
  expect(retryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5000);
  expect(retryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now)).toBe(0);
  expect(retryAfter("soon", now)).toBe(1000);
  expect(retryAfter(undefined, now)).toBe(1000);
});

test("a refusal's words, the plain ones first", () => {
  const error = { message: "see extended info", "@Message.ExtendedInfo": [{ Message: "The value is wrong." }] };
  expect(refusalText(JSON.stringify({ error }))).toBe("The value is wrong.");
  expect(refusalText('{"error":{"message":"no"}}')).toBe("no");
  expect(refusalText("<html>")).toBe("");
});
