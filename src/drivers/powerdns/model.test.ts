import { describe, expect, it } from "vitest";
import type { RecordSet, RenderedZone } from "../../dns/index.ts";
import { newZone, patchOf, powerdnsSettings, zonePath } from "./model.ts";

const set = (name: string, ...values: readonly string[]): RecordSet => ({ name, type: "A", ttl: 60, values });
const zone = (...sets: readonly RecordSet[]): RenderedZone => ({
  name: "a.org",
  view: null,
  reverse: false,
  parent: null,
  authority: { primary: "ns1.a.org", contact: "host.a.org", ttl: 60, refresh: 1, retry: 2, expire: 3, minimum: 4 },
  sets,
});

const SOA = {
  name: "a.org.",
  type: "SOA",
  ttl: 60,
  records: [{ content: "ns1.a.org. host.a.org. 7 1 2 3 4", disabled: false }],
};

describe("what the API is sent", () => {
  it("has a path for each zone", () => {
    expect(zonePath("localhost", "a.org")).toBe("/api/v1/servers/localhost/zones/a.org.");
    expect(zonePath("localhost", "0/25.2.0.192.in-addr.arpa")).toBe(
      "/api/v1/servers/localhost/zones/0=2F25.2.0.192.in-addr.arpa.",
    );
  });

  it("is a zone whole, with a serial that is ours to count", () => {
    expect(newZone({ zone: zone(set("web.a.org", "1")), serial: 7, before: null })).toEqual({
      name: "a.org.",
      kind: "Master",
      nameservers: [],
      soa_edit_api: "",
      rrsets: [SOA, { name: "web.a.org.", type: "A", ttl: 60, records: [{ content: "1", disabled: false }] }],
    });
  });

  it("is what changed in one that is there", () => {
    const before = [set("same.a.org", "1"), set("old.a.org", "1"), set("web.a.org", "1")];
    const after = zone(set("same.a.org", "1"), set("web.a.org", "2"));
    expect(patchOf({ zone: after, serial: 7, before })).toEqual({
      rrsets: [
        { name: "old.a.org.", type: "A", changetype: "DELETE" },
        { ...SOA, changetype: "REPLACE" },
        { name: "web.a.org.", type: "A", ttl: 60, records: [{ content: "2", disabled: false }], changetype: "REPLACE" },
      ],
    });
  });
});

it.each([
  { url: "file:///etc/passwd", apiKeyFile: "/k" },
  { url: "http://user:password@ns1", apiKeyFile: "/k" },
  { url: "http://ns1:8081", apiKeyFile: "k" },
  { url: "http://ns1:8081", apiKeyFile: "/k", serverId: "a/b" },
  { url: "http://ns1:8081", apiKeyFile: "/k", apiKey: "secret" },
])("settings %j are refused", (settings) => {
  expect(powerdnsSettings.safeParse(settings).success).toBe(false);
});
