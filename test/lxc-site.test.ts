import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bench, createBench } from "./support/gantry.ts";
import { useLxc } from "./support/lxc.ts";
import { describeReal } from "./support/real.ts";

/** A site of containers of LXC, from a document to agents that do verbs, and back to nothing. */

describeReal("lxc", "gantry up with containers of LXC", () => {
  const { debian } = useLxc();
  let bench: Bench;
  let site: string;

  beforeAll(() => {
    bench = createBench();
    site = join(bench.folder, "site.yaml");
    const nodes = [1, 2].map(
      (number) => `  node${number}:
    site: lab
    blueprint: node
    foundation:
      type: lxc
      blueprint: machine
      attributes: { rootfs: ${debian}, networks: [{ name: gantry-site0, subnet: 172.29.241.0/24 }] }
    addresses: [{ block: lab }]`,
    );
    writeFileSync(
      site,
      `design: lab
sites: { lab: { kind: lab } }
address_blocks: { lab: { site: lab, subnet: 172.29.241.0/24, gateway: 172.29.241.1 } }
blueprints:
  machine:
    builds: foundation
    foundation_types: [lxc]
    scripts:
      create: |
        foundation.create()
        foundation.power_on()
      destroy: foundation.destroy()
  node:
    builds: structure
    scripts: { create: "agent.run( command='echo built >/srv/built' )" }
structures:
${nodes.join("\n")}
`,
    );
  });
  afterAll(async () => {
    expect(await bench.clear()).toEqual([]);
  });

  test("builds machines whose agents join and do verbs, sees that nothing changed, and takes all of it down", async () => {
    expect(await bench.gantry(["up", "--yes", site])).toMatchObject({ code: 0, error: "" });
    const said = await bench.gantry(["exec", "--target", "node2", "cat /etc/hostname /srv/built"]);
    expect(said).toMatchObject({ code: 0, out: "node2 | node2\nnode2 | built\n" });
    expect(await bench.gantry(["up", "--yes", site])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/no changes/i),
    });
    expect(await bench.gantry(["down", "--yes"])).toMatchObject({ code: 0 });
  });
});
