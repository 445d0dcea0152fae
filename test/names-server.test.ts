import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createBench } from "./support/gantry.ts";
import { startBind, until, writePrivate } from "./support/names.ts";
import { describeReal } from "./support/real.ts";

/** Structures that are only recorded, and the names they get. */
function siteFile(address: string): string {
  return `design: names
zones:
  example.org:
    contact: hostmaster.example.org
    nameservers: [ns1]
    records:
      - { name: ns1, type: A, value: 203.0.113.53 }
      - { name: www, type: CNAME, value: web1 }
sites:
  lab: { zone: example.org }
address_blocks:
  lan: { site: lab, subnet: 10.0.0.0/24 }
structures:
  web1:
    site: lab
    addresses: [{ block: lan, address: ${address} }]
`;
}

describeReal("bind", "names of a whole server", () => {
  it("are published from the first plan on, and changed by the next", async () => {
    const bind = await startBind({
      configuration(folder) {
        writePrivate(join(folder, "zones", "zones.conf"), "");
        return `include "${folder}/zones/zones.conf";`;
      },
    });
    const bench = createBench();
    onTestFinished(async () => {
      expect(await bench.clear()).toEqual([]);
    });
    const file = join(bench.folder, "site.yaml");
    writeFileSync(file, siteFile("10.0.0.5"));
    expect(await bench.gantry(["up", file, "--yes"])).toMatchObject({ code: 0 });
    const added = await bench.gantry([
      "dns",
      "target",
      "add",
      "bind1",
      "--kind",
      "bind",
      "--folder",
      bind.zones,
      "--rndc-config",
      bind.rndcConfig,
    ]);
    expect(added).toMatchObject({ code: 0, out: "DNS target bind1 added\n" });
    expect(await bench.gantry(["dns", "publish"])).toMatchObject({ code: 0 });
    expect(await bind.dig("web1.example.org", "A")).toEqual(["10.0.0.5"]);
    expect(await bind.dig("5.0.0.10.in-addr.arpa", "PTR")).toEqual(["web1.example.org."]);

    writeFileSync(file, siteFile("10.0.0.6"));
    expect(await bench.gantry(["up", file, "--yes"])).toMatchObject({ code: 0 });
    await until(
      () => bind.dig("web1.example.org", "A"),
      (answer) => answer.join() === "10.0.0.6",
    );
    expect(await bind.dig("www.example.org", "CNAME")).toEqual(["web1.example.org."]);

    const status = await bench.gantry(["dns", "status", "--output", "json"]);
    expect(JSON.parse(status.out)).toMatchObject({
      zones: [
        { target: "bind1", zone: "0.0.10.in-addr.arpa", attempt: 0 },
        { target: "bind1", zone: "example.org", attempt: 0 },
      ],
      problems: [],
    });
    const shown = await bench.gantry(["dns", "show", "example.org", "--file"]);
    expect(shown.out).toContain("web1.example.org.\t3600\tIN\tA\t10.0.0.6\n");
    expect((await bench.gantry(["dns", "zones"])).out).toMatch(/^ZONE +VIEW +LEADS +PARENT +SERIAL +RECORDS\n/);

    const unknown = await bench.gantry(["dns", "show", "example.orgg"]);
    expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining("did you mean 'example.org'?") });
    const wrong = await bench.gantry(["dns", "target", "add", "bind2", "--kind", "bind", "--folder", "/tmp/x"]);
    expect(wrong).toMatchObject({ code: 2, error: expect.stringContaining("settings.rndcConfig") });

    await bind.stop();
    const failing = await bench.gantry(["dns", "publish", "--whole"]);
    expect(failing).toMatchObject({ code: 1, out: expect.stringContaining("(dns_server_unreachable)") });
    expect(await bench.gantry(["dns", "target", "remove", "bind1"])).toMatchObject({ code: 0 });
  });
});
