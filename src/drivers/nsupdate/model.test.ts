import { describe, expect, it } from "vitest";
import type { RecordSet, RenderedZone } from "../../dns/index.ts";
import { nsupdateSettings, readRefusal, removalsOf, updatesOf } from "./model.ts";

const set = (name: string, type: RecordSet["type"], ...values: readonly string[]): RecordSet => ({
  name,
  type,
  ttl: 60,
  values,
});

const zone = (...sets: readonly RecordSet[]): RenderedZone => ({
  name: "a.org",
  view: null,
  reverse: false,
  parent: null,
  authority: { primary: "ns1.a.org", contact: "host.a.org", ttl: 60, refresh: 1, retry: 2, expire: 3, minimum: 4 },
  sets,
});

const SOA = "update add a.org. 60 SOA ns1.a.org. host.a.org. 7 1 2 3 4";
const servers = set("a.org", "NS", "ns1.a.org.");

describe("an update", () => {
  it("has only what changed, and is done only if the rest is as it was", () => {
    const before = [
      servers,
      set("same.a.org", "A", "1"),
      set("web.a.org", "A", "1", "2"),
      set("old.a.org", "TXT", '"x"'),
    ];
    const after = [servers, set("same.a.org", "A", "1"), set("web.a.org", "A", "2", "3"), set("new.a.org", "A", "4")];
    expect(updatesOf({ zone: zone(...after), serial: 7, before }, true)).toEqual([
      [
        "zone a.org.",
        'prereq yxrrset old.a.org. TXT "x"',
        "prereq yxrrset web.a.org. A 1",
        "prereq yxrrset web.a.org. A 2",
        "prereq nxrrset new.a.org. A",
        "prereq nxrrset new.a.org. CNAME",
        "update delete old.a.org. TXT",
        "update delete web.a.org. A 1",
        "update add web.a.org. 60 A 3",
        "update add new.a.org. 60 A 4",
        SOA,
        "send",
        "",
      ].join("\n"),
    ]);
    expect(updatesOf({ zone: zone(...after), serial: 7, before }, false).join("")).not.toContain("prereq");
  });

  it("makes room before it puts something else there, in one message", () => {
    const before = [servers, set("web.a.org", "A", "1")];
    const [text = ""] = updatesOf(
      { zone: zone(servers, set("web.a.org", "CNAME", "b.a.org.")), serial: 7, before },
      true,
    );
    expect(text.split("\n").filter((line) => line.startsWith("update") && line.includes("web"))).toEqual([
      "update delete web.a.org. A",
      "update add web.a.org. 60 CNAME b.a.org.",
    ]);
  });

  it("never takes away all servers of a zone", () => {
    const before = [servers];
    const [text = ""] = updatesOf({ zone: zone(set("a.org", "NS", "ns2.a.org.")), serial: 7, before }, true);
    expect(text.split("\n").filter((line) => line.startsWith("update") && line.includes(" NS "))).toEqual([
      "update add a.org. 60 NS ns2.a.org.",
      "update delete a.org. NS ns1.a.org.",
    ]);
  });

  it("puts everything there when nothing is known, and leaves names alone that are not ours", () => {
    const [text] = updatesOf({ zone: zone(servers, set("web.a.org", "A", "1")), serial: 7, before: null }, true);
    expect(text).toBe(
      [
        "zone a.org.",
        "update add a.org. 60 NS ns1.a.org.",
        "update delete web.a.org.",
        "update add web.a.org. 60 A 1",
        SOA,
        "send",
        "",
      ].join("\n"),
    );
  });

  it("is cut into messages that a server can take, the serial in the last", () => {
    const many = Array.from({ length: 2000 }, (_, index) => set(`host${index}.a.org`, "A", "10.0.0.1"));
    const texts = updatesOf({ zone: zone(servers, ...many), serial: 7, before: [servers] }, true);
    expect(texts.length).toBeGreaterThan(2);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(64 * 1024);
    expect(texts.filter((text) => text.includes("SOA"))).toEqual(texts.slice(-1));
  });

  it("takes away what was ours, and leaves the zone", () => {
    expect(removalsOf({ name: "a.org", before: [servers, set("web.a.org", "A", "1")] })).toEqual([
      "zone a.org.\nupdate delete web.a.org. A\nsend\n",
    ]);
    expect(removalsOf({ name: "a.org", before: null })).toEqual([]);
  });
});

it.each([
  ["update failed: NXRRSET", "changed"],
  ["; Communication with 127.0.0.1#53 failed: connection refused", "unreachable"],
  ["; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(BADKEY)", "refused"],
  ["update failed: REFUSED", "refused"],
])("%j is understood", (output, meaning) => {
  expect(readRefusal(output)).toBe(meaning);
});

it.each([
  { server: "ns1 53\nserver evil", keyFile: "/k" },
  { server: "ns1", port: 0, keyFile: "/k" },
  { server: "ns1", keyFile: "k" },
  { server: "ns1" },
])("settings %j are refused", (settings) => {
  expect(nsupdateSettings.safeParse(settings).success).toBe(false);
});
