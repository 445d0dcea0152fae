import { describe, expect, it } from "vitest";
import { bindSettings, configurationText, fileNameOf, readRefusal, zoneOfFile, zoneWords } from "./model.ts";

describe("files for BIND", () => {
  it.each(["example.org", "0/25.2.0.192.in-addr.arpa", "64-26.0.0.10.in-addr.arpa"])(
    "the file of %s stands in one folder, and leads back to it",
    (zone) => {
      expect(fileNameOf(zone)).not.toContain("/");
      expect(zoneOfFile(fileNameOf(zone))).toBe(zone);
    },
  );

  it("that are none of ours are passed over", () => {
    for (const name of ["zones.conf", ".0190-temporary", ".hidden.zone", "example.org.zone.jnl"])
      expect(zoneOfFile(name)).toBeUndefined();
  });

  it("are listed for named.conf, in order", () => {
    expect(configurationText("/var/lib/bind/gantry", ["b.org", "a.org"])).toBe(
      [
        "// Written by Gantry: what is changed here is lost.",
        'zone "a.org" { type primary; file "/var/lib/bind/gantry/a.org.zone"; };',
        'zone "b.org" { type primary; file "/var/lib/bind/gantry/b.org.zone"; };',
        "",
      ].join("\n"),
    );
  });
});

describe("rndc", () => {
  it("is told the view of a zone", () => {
    expect(zoneWords("a.org", null)).toEqual(["a.org"]);
    expect(zoneWords("a.org", "inside")).toEqual(["a.org", "IN", "inside"]);
  });

  it.each([
    ["rndc: 'reload' failed: not found\nno matching zone 'a.org' in any view", "unknown_zone"],
    ["rndc: connect failed: 127.0.0.1#953: connection refused", "unreachable"],
    ["rndc: recv failed: timed out", "unreachable"],
    ["rndc: connection to remote host closed. * the key is invalid.", "refused"],
  ])("%j is understood", (output, meaning) => {
    expect(readRefusal(output)).toBe(meaning);
  });
});

it.each([
  { folder: "zones", rndcConfig: "/etc/rndc.conf" },
  { folder: '/zones"; };', rndcConfig: "/etc/rndc.conf" },
  { folder: "/zones\n", rndcConfig: "/etc/rndc.conf" },
  { folder: "/zones" },
  { folder: "/zones", rndcConfig: "/etc/rndc.conf", key: "secret" },
])("settings %j are refused", (settings) => {
  expect(bindSettings.safeParse(settings).success).toBe(false);
});
