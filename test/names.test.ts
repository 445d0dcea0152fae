import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runProgram } from "../src/dns/index.ts";
import { anyWorld, validWorld } from "../src/dns/testing/any-world.ts";
import { renderZones, SERVED, zoneFile } from "../src/dns/testing/worlds.ts";
import { addressBlock, site, structure, zone } from "../src/inventory/testing.ts";
import type { InventoryRows } from "../src/inventory/index.ts";
import { createNamesBench, PRINCIPAL, type NamesBench } from "./support/named-world.ts";
import {
  dynamicZone,
  startBind,
  startPowerdns,
  testFolder,
  until,
  writePrivate,
  type Bind,
  type NameServer,
} from "./support/names.ts";
import { describeReal } from "./support/real.ts";

const ZONE = "example.org";
const REVERSE = "0.0.10.in-addr.arpa";
const REVERSE_IPV6 = "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";

const NAME_SERVER = { name: "ns1", type: "A", value: "203.0.113.53", ttl: null } as const;

/** One site with a zone that has records of every type. */
function inventory(): Partial<InventoryRows> {
  return {
    zones: [
      zone(ZONE, {
        ...SERVED,
        records: [
          NAME_SERVER,
          { name: "", type: "MX", value: "10 mail", ttl: null },
          { name: "mail", type: "A", value: "10.0.0.25", ttl: 60 },
          { name: "www", type: "CNAME", value: "web1", ttl: null },
          { name: "_sip._tcp", type: "SRV", value: "0 5 5060 web1", ttl: null },
          { name: "", type: "TXT", value: 'v=spf1 "mx" -all', ttl: null },
          { name: "long", type: "TXT", value: "x".repeat(300), ttl: null },
        ],
      }),
    ],
    sites: [site("lab", { zone: ZONE })],
    addressBlocks: [
      addressBlock("lan", { subnet: "10.0.0.0/24" }),
      addressBlock("six", { subnet: "2001:db8::/64" }),
      addressBlock("small", { subnet: "10.0.1.64/28" }),
    ],
    structures: [web1()],
  };
}

function web1() {
  return structure("web1", {
    addresses: [
      { block: "lan", address: "10.0.0.5" },
      { block: "six", address: "2001:db8::5" },
      { block: "small", address: "10.0.1.70" },
    ],
  });
}

async function published(bench: NamesBench, target: string): Promise<void> {
  await until(
    () => bench.states(target),
    (states) => states.length > 0 && states.every((state) => state === "published"),
  );
}

/** Everything of `inventory()`, asked for. */
async function expectEverything(server: NameServer): Promise<void> {
  const asked: readonly (readonly [string, string, readonly string[]])[] = [
    [`web1.${ZONE}`, "A", ["10.0.0.5", "10.0.1.70"]],
    [`web1.${ZONE}`, "AAAA", ["2001:db8::5"]],
    [`www.${ZONE}`, "CNAME", [`web1.${ZONE}.`]],
    [ZONE, "MX", [`10 mail.${ZONE}.`]],
    [`_sip._tcp.${ZONE}`, "SRV", [`0 5 5060 web1.${ZONE}.`]],
    [ZONE, "TXT", ['"v=spf1 \\"mx\\" -all"']],
    [`long.${ZONE}`, "TXT", [`"${"x".repeat(255)}" "${"x".repeat(45)}"`]],
    [ZONE, "NS", [`ns1.${ZONE}.`]],
    [`5.${REVERSE}`, "PTR", [`web1.${ZONE}.`]],
    [`5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.${REVERSE_IPV6}`, "PTR", [`web1.${ZONE}.`]],
  ];
  for (const [name, type, answer] of asked) expect(await server.dig(name, type), `${name} ${type}`).toEqual(answer);
}

async function serialOf(server: NameServer, name = ZONE): Promise<number> {
  const [line = ""] = await server.dig(name, "SOA");
  return Number(line.split(" ")[2]);
}

/** Changes a row, and says when the server answers with it. */
async function moveWeb1(bench: NamesBench, server: NameServer): Promise<void> {
  const { structures } = await bench.snapshot();
  const row = structures.get("web1")!;
  await bench.update({ structures: [{ ...row, addresses: [{ block: "lan", address: "10.0.0.6" }] }] });
  await until(
    () => server.dig(`web1.${ZONE}`, "A"),
    (answer) => answer.join() === "10.0.0.6",
  );
  await until(
    () => server.dig(`6.${REVERSE}`, "PTR"),
    (answer) => answer.join() === `web1.${ZONE}.`,
  );
  expect(await server.dig(`5.${REVERSE}`, "PTR")).toEqual([]);
  expect(await server.dig(`web1.${ZONE}`, "AAAA")).toEqual([]);
}

/** What every kind of server does. */
function serverCases(open: (bench: NamesBench) => Promise<NameServer>): void {
  it("answers with every record of the inventory", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    await expectEverything(server);
    expect(await serialOf(server)).toBe((await bench.dns.zone(PRINCIPAL, ZONE)).serial);
  });

  it("answers with what changed soon after, and its serial grows only then", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    const before = await serialOf(server);
    const { structures } = await bench.snapshot();
    await bench.update({ structures: [{ ...structures.get("web1")!, description: "nothing to do with names" }] });
    await moveWeb1(bench, server);
    expect(await serialOf(server)).toBe(before + 1);
  });

  it("is caught up when it comes back", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    await server.stop();
    const { structures } = await bench.snapshot();
    const row = structures.get("web1")!;
    await bench.update({ structures: [{ ...row, addresses: [{ block: "lan", address: "10.0.0.7" }] }] });
    const status = await until(
      () => bench.dns.status(PRINCIPAL),
      ({ zones }) => zones.some((one) => one.attempt > 0),
    );
    expect(status.zones.find((one) => one.attempt > 0)).toMatchObject({
      state: "waiting",
      lastError: expect.stringContaining("(dns_server_unreachable)"),
    });
    await server.start();
    await until(
      () => server.dig(`web1.${ZONE}`, "A"),
      (answer) => answer.join() === "10.0.0.7",
    );
    await published(bench, "target");
  });

  it("is brought up to date by a server of ours that starts anew", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    await bench.stop();
    const { structures } = await bench.snapshot();
    const row = structures.get("web1")!;
    await bench.update({ structures: [{ ...row, addresses: [{ block: "lan", address: "10.0.0.8" }] }] });
    // As one that was killed while it published leaves it.
    const later = Date.now() + 1_000_000;
    await bench.database.kysely.updateTable("dns_published").set({ held_until: later }).execute();
    const again = await createNamesBench(bench.database);
    await published(again, "target");
    expect(await server.dig(`web1.${ZONE}`, "A")).toEqual(["10.0.0.8"]);
  });
}

describeReal("bind", "every zone file", () => {
  it("is found good by named-checkzone, whatever somebody wrote down", async () => {
    const folder = testFolder();
    const worlds = [...fc.sample(validWorld, 8), ...fc.sample(anyWorld, 16)];
    const zones = worlds.flatMap((world) => renderZones(world).zones);
    expect(zones.length).toBeGreaterThan(100);
    for (const [index, one] of zones.entries()) {
      const file = join(folder, `${index}.zone`);
      writeFileSync(file, zoneFile(one, 2_026_030_100));
      const args = ["-i", "local", "-k", "fail", one.name, file];
      const done = await runProgram("named-checkzone", args, new AbortController().signal);
      expect(done.code, `${done.output}\n${readFileSync(file, "utf8")}`).toBe(0);
    }
  });
});

describeReal("bind", "BIND by files", () => {
  const included = (folder: string): string => {
    // What Gantry writes is not there yet when the server starts.
    writePrivate(join(folder, "zones", "zones.conf"), "");
    return `include "${folder}/zones/zones.conf";`;
  };

  async function open(bench: NamesBench): Promise<Bind> {
    const server = await startBind({ configuration: included });
    await bench.addTarget("target", "bind", { folder: server.zones, rndcConfig: server.rndcConfig });
    return server;
  }

  serverCases(open);

  it("finds addresses of blocks longer than 24 by the zone of their /24 (RFC 2317)", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    const [alias = ""] = await server.dig("70.1.0.10.in-addr.arpa", "PTR");
    expect(alias).toBe("70.64-28.1.0.10.in-addr.arpa.");
    expect(await server.dig(alias, "PTR")).toEqual([`web1.${ZONE}.`]);
  });

  it("delegates zones, and forgets those that are gone", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const child = zone(`sub.${ZONE}`, { ...SERVED, parent: ZONE, nameservers: ["ns1"] });
    await bench.insert({ zones: [child] });
    const server = await open(bench);
    await published(bench, "target");
    expect(readFileSync(join(server.zones, `${ZONE}.zone`), "utf8")).toContain(
      [`sub.${ZONE}.\t3600\tIN\tNS\tns1.sub.${ZONE}.`, `ns1.sub.${ZONE}.\t3600\tIN\tA\t203.0.113.53`].join("\n"),
    );
    expect(await server.dig(`ns1.sub.${ZONE}`, "A")).toEqual(["203.0.113.53"]);
    expect(await server.dig(`sub.${ZONE}`, "SOA")).toHaveLength(1);
    // The parent alone refers to the server of the child.
    await bench.dns.replaceTarget(PRINCIPAL, "target", null, {
      name: "target",
      kind: "bind",
      settings: { folder: server.zones, rndcConfig: server.rndcConfig },
      zones: [ZONE],
      view: null,
    });
    const referral = await until(
      () => server.digWhole(`x.sub.${ZONE}`, "A"),
      (answer) => /flags: qr;.* ANSWER: 0, AUTHORITY: 1/.test(answer),
    );
    expect(referral).toMatch(new RegExp(`^ns1\\.sub\\.example\\.org\\.\\s+3600\\s+IN\\s+A\\s+203`, "m"));
    await until(
      () => bench.states("target"),
      (states) => states.join() === "published",
    );
    expect(readdirSync(server.zones).sort()).toEqual([`${ZONE}.zone`, "zones.conf"]);
  });

  it("keeps the file that was there when named-checkzone finds fault", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    const before = await serialOf(server);
    const { zones } = await bench.snapshot();
    await bench.update({ zones: [{ ...zones.get(ZONE)!, refresh: -1 }] });
    const { zones: status } = await until(
      () => bench.dns.status(PRINCIPAL),
      (found) => found.zones.some((one) => one.zone === ZONE && one.lastError !== null),
    );
    expect(status.find((one) => one.zone === ZONE)?.lastError).toContain("(dns_zone_refused)");
    expect(await serialOf(server)).toBe(before);
  });

  it("says what named.conf lacks when it does not include the zones", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await startBind({ configuration: () => "" });
    await bench.addTarget("target", "bind", { folder: server.zones, rndcConfig: server.rndcConfig });
    const { zones } = await until(
      () => bench.dns.status(PRINCIPAL),
      (found) => found.zones.some((one) => one.lastError !== null),
    );
    expect(zones.find((one) => one.lastError !== null)?.lastError).toContain("BIND does not serve zone");
  });

  it("refuses keys that others may read, and says so", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await startBind({ configuration: included });
    writePrivate(join(server.folder, "open.conf"), readFileSync(server.rndcConfig, "utf8"));
    chmodSync(join(server.folder, "open.conf"), 0o644);
    await bench.addTarget("target", "bind", { folder: server.zones, rndcConfig: join(server.folder, "open.conf") });
    const { zones } = await until(
      () => bench.dns.status(PRINCIPAL),
      (found) => found.zones.some((one) => one.lastError !== null),
    );
    expect(zones[0]?.lastError).toMatch(/may be read by others than its owner \(dns_key_file\)/);
  });

  it("shows each view its own addresses", async () => {
    const bench = await createNamesBench();
    await bench.insert({
      zones: [zone(ZONE, { ...SERVED, views: ["inside", "outside"] })],
      sites: [site("lab", { zone: ZONE })],
      addressBlocks: [
        addressBlock("lan", { subnet: "10.0.0.0/24", labels: { view: "inside" } }),
        addressBlock("wan", { subnet: "192.0.2.0/24", labels: { view: "outside" } }),
      ],
      structures: [
        structure("web1", {
          addresses: [
            { block: "lan", address: "10.0.0.5" },
            { block: "wan", address: "192.0.2.5" },
          ],
        }),
      ],
    });
    const server = await startBind({
      configuration: (folder) =>
        [
          ["inside", "127.0.0.2"],
          ["outside", "any"],
        ]
          .map(([view = "", clients]) => {
            mkdirSync(join(folder, "zones", view));
            writePrivate(join(folder, "zones", view, "zones.conf"), "");
            return `view "${view}" { match-clients { ${clients}; }; include "${folder}/zones/${view}/zones.conf"; };`;
          })
          .join("\n"),
    });
    for (const view of ["inside", "outside"])
      await bench.addTarget(view, "bind", { folder: server.zones, rndcConfig: server.rndcConfig }, view);
    for (const view of ["inside", "outside"]) await published(bench, view);
    expect(await server.dig(`web1.${ZONE}`, "A", "127.0.0.2")).toEqual(["10.0.0.5"]);
    expect(await server.dig(`web1.${ZONE}`, "A")).toEqual(["192.0.2.5"]);
    expect(await server.dig(`5.${REVERSE}`, "PTR", "127.0.0.2")).toEqual([`web1.${ZONE}.`]);
    expect(await server.dig(`5.${REVERSE}`, "PTR")).toEqual([]);
  });
});

describeReal("bind", "a server that takes updates (RFC 2136)", () => {
  const zones = [ZONE, REVERSE, REVERSE_IPV6, "64-28.1.0.10.in-addr.arpa", "1.0.10.in-addr.arpa"];
  const configuration = (folder: string): string => zones.map((name) => dynamicZone(folder, name)).join("");

  async function open(bench: NamesBench): Promise<Bind> {
    const server = await startBind({ configuration });
    await bench.addTarget("target", "nsupdate", {
      server: "127.0.0.1",
      port: server.port,
      keyFile: server.keyFile,
    });
    return server;
  }

  serverCases(open);

  it("refuses a wrong key, which is said, and nothing is changed", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await startBind({ configuration });
    const wrong = join(server.folder, "wrong.key");
    writePrivate(wrong, readFileSync(server.keyFile, "utf8").replace(/secret ".{8}/, 'secret "AAAAAAAA'));
    await bench.addTarget("target", "nsupdate", { server: "127.0.0.1", port: server.port, keyFile: wrong });
    const { zones: status } = await until(
      () => bench.dns.status(PRINCIPAL),
      (found) => found.zones.some((one) => one.lastError !== null),
    );
    const message = status.find((one) => one.lastError !== null)?.lastError;
    expect(message).toMatch(/refused an update: .*(BADSIG|BADKEY|NOTAUTH).*\(dns_server_refused\)/s);
    expect(message).not.toContain("AAAAAAAA");
    expect(await server.dig(`web1.${ZONE}`, "A")).toEqual([]);
  });

  it("gets what the inventory says back when somebody else changed it", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await open(bench);
    await published(bench, "target");
    const script = `server 127.0.0.1 ${server.port}\nzone ${ZONE}.\nupdate add web1.${ZONE}. 60 A 192.0.2.99\nsend\n`;
    const done = await runProgram("nsupdate", ["-k", server.keyFile], new AbortController().signal, script);
    expect(done).toEqual({ code: 0, output: "" });
    await moveWeb1(bench, server);
  });

  it("leaves names alone that are none of ours", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await startBind({ configuration });
    const script = `server 127.0.0.1 ${server.port}\nzone ${ZONE}.\nupdate add printer.${ZONE}. 60 A 192.0.2.99\nsend\n`;
    const taken = `server 127.0.0.1 ${server.port}\nzone ${ZONE}.\nupdate add www.${ZONE}. 60 A 192.0.2.98\nsend\n`;
    for (const text of [script, taken])
      await runProgram("nsupdate", ["-k", server.keyFile], new AbortController().signal, text);
    await bench.addTarget("target", "nsupdate", { server: "127.0.0.1", port: server.port, keyFile: server.keyFile });
    await published(bench, "target");
    await moveWeb1(bench, server);
    expect(await server.dig(`printer.${ZONE}`, "A")).toEqual(["192.0.2.99"]);
    // This one is ours, and a server would pass over a CNAME beside an address.
    expect(await server.dig(`www.${ZONE}`, "CNAME")).toEqual([`web1.${ZONE}.`]);
  });
});

describeReal("powerdns", "PowerDNS by its API", () => {
  serverCases(async (bench) => {
    const server = await startPowerdns();
    await bench.addTarget("target", "powerdns", { url: server.url, apiKeyFile: server.apiKeyFile });
    return server;
  });

  it("refuses a wrong key, which is said", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    const server = await startPowerdns();
    const wrong = join(server.folder, "wrong.key");
    writePrivate(wrong, "wrong\n");
    await bench.addTarget("target", "powerdns", { url: server.url, apiKeyFile: wrong });
    const { zones } = await until(
      () => bench.dns.status(PRINCIPAL),
      (found) => found.zones.some((one) => one.lastError !== null),
    );
    expect(zones[0]?.lastError).toMatch(/answers 401 .*\(dns_server_refused\)/);
  });

  it("forgets zones that it is no longer to serve; what a removed target has stays", async () => {
    const bench = await createNamesBench();
    await bench.insert(inventory());
    await bench.insert({ zones: [zone("other.net", { ...SERVED })] });
    const server = await startPowerdns();
    const settings = { url: server.url, apiKeyFile: server.apiKeyFile };
    await bench.addTarget("target", "powerdns", settings);
    await published(bench, "target");
    expect(await server.dig("other.net", "SOA")).toHaveLength(1);
    const data = { name: "target", kind: "powerdns", settings, zones: [ZONE], view: null } as const;
    await bench.dns.replaceTarget(PRINCIPAL, "target", 1, data);
    await until(
      () => server.dig("other.net", "SOA"),
      (answer) => answer.length === 0,
    );
    await bench.dns.removeTarget(PRINCIPAL, "target", 2);
    expect(await server.dig(ZONE, "SOA")).toHaveLength(1);
  });
});

describe("what is not published", () => {
  it("is told as problems", async () => {
    const bench = await createNamesBench();
    await bench.insert({ zones: [zone(ZONE, { nameservers: [] })] });
    const { problems } = await bench.dns.status(PRINCIPAL);
    expect(problems.map((one) => one.code)).toEqual(["dns_nameserver_invalid"]);
  });
});
