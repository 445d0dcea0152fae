import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { createBench, fetchPage, processesOf, ROOT, type Bench, type Ended } from "./support/gantry.ts";

/** Whatever is killed, at whatever point: the next `up` completes, builds nothing twice and leaves nothing behind. */

/** One web: every kind of step, and few enough of them to die at each. `network` keeps what runs at the same time apart. */
function siteIn(network: string): string {
  return `
design: crash
sites: { lab: { variables: { greeting: Hello, http_port: 8080 } } }
address_blocks: { loopback: { site: lab, subnet: ${network}.0.0/24 } }
blueprints:
  machine:
    builds: foundation
    foundation_types: [local]
    scripts: { create: { file: quickstart/scripts/machine-create.t }, destroy: { file: quickstart/scripts/machine-destroy.t } }
  web:
    builds: structure
    scripts: { create: { file: quickstart/scripts/web-create.t }, destroy: { file: quickstart/scripts/server-destroy.t } }
    templates:
      index.html: { file: quickstart/templates/index.html.j2 }
      server.mjs: { file: quickstart/templates/web-server.mjs.j2 }
structures:
  web1:
    site: lab
    blueprint: web
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loopback, address: ${network}.0.10 }]
`;
}

/** Options for Node that end a program at one of its durable writes. */
function doom(options: Record<string, string>): readonly string[] {
  const url = pathToFileURL(join(ROOT, "test/support/die-at-commit.mjs"));
  url.search = new URLSearchParams(options).toString();
  return [`--import=${url.href}`];
}
/** What is lost is noticed within seconds. Who waits for a server waits at most 8 s between two tries, so it is given longer to come back. */
const QUICK = {
  server: { GANTRY_HEARTBEAT_INTERVAL: "0.5", GANTRY_REACH_TIMEOUT: "20" },
  agent: { GANTRY_HEARTBEAT_INTERVAL: "0.5", GANTRY_REACH_TIMEOUT: "5" },
} as const;

/** A data folder and a site of its own, from nothing to nothing. */
interface Life {
  up(node?: readonly string[]): Promise<Ended>;
  /** Exactly one of each: a server, an agent, a web; the structure was built once. */
  expectWhole(end: Ended, what: string): Promise<void>;
  readonly bench: Bench;
}

async function inALife(
  who: keyof typeof QUICK,
  network: string,
  work: (life: Life) => Promise<void>,
  properly: boolean,
): Promise<void> {
  const bench = createBench();
  bench.example("quickstart", network);
  const file = join(bench.folder, "crash.yaml");
  writeFileSync(file, siteIn(network));
  // On an address of its own: while a server is dead, that of the other lane could take its port.
  const environment = { ...QUICK[who], GANTRY_LISTEN: `${network}.0.1:7411` };
  const life: Life = {
    bench,
    up: (node = []) => bench.gantryWith(node, ["up", file, "--yes"], environment),
    async expectWhole(end, what) {
      expect([what, end.code, end.error]).toEqual([what, 0, ""]);
      expect([what, (await fetchPage(`${network}.0.10`))?.servedBy]).toEqual([what, "web1"]);
      const commands = processesOf(bench.dataFolder).map((one) => one.command);
      const count = (word: string): number => commands.filter((command) => command.includes(word)).length;
      expect([what, count(" server "), count(" agent "), count("server.mjs")]).toEqual([what, 1, 1, 1]);
    },
  };
  try {
    await work(life);
  } finally {
    // Taking down properly is looked at now and then; most lives are ended at once.
    if (properly) expect(await bench.clear()).toEqual([]);
    else bench.abandon();
  }
}

/** Lives at the same time: as many as CI has cores. */
const LANES = ["127.136", "127.137"];

/**
 * Of the durable writes, every so many-th is one to die at: each life takes seconds, and the engine's own tests die at each write there is
 * (`src/jobs`). `GANTRY_CRASH_EVERY=1` dies at all of them.
 */
const EVERY = Number(process.env["GANTRY_CRASH_EVERY"] ?? 3);

/** Runs `up` until the n-th durable write of one program kills it, then `up` again, for many n. Returns how many writes there were. */
async function dieAtEach(who: "server" | "agent"): Promise<number> {
  let writes = 0;
  await inALife(
    who,
    LANES[0]!,
    async ({ bench, up, expectWhole }) => {
      const countFile = join(bench.folder, "count");
      await expectWhole(await up(doom({ who, count: countFile })), "counted");
      writes = Number(readFileSync(countFile, "utf8"));
    },
    true,
  );
  let next = 1;
  let lives = 0;
  async function lane(network: string): Promise<void> {
    while (next <= writes) {
      const at = next;
      next += EVERY;
      const when = lives++ % 2 === 0 ? "before" : "after";
      const what = `${who} killed ${when} write ${at} of ${writes}`;
      await inALife(
        who,
        network,
        async ({ bench, up, expectWhole }) => {
          await up(doom({ who, at: String(at), when }));
          // A server that came to its end before that write would take the count along.
          await bench.gantry(["server", "stop"]);
          await expectWhole(await up(), what);
        },
        lives % 10 === 0,
      );
    }
  }
  await Promise.all(LANES.map(lane));
  console.log(`the ${who} died at ${lives} of its ${writes} durable writes`);
  return writes;
}

describe("whatever dies by SIGKILL", () => {
  it("the server, with the worker in it: at any durable write it is taken up where it was", async () => {
    expect(await dieAtEach("server")).toBeGreaterThan(20);
  }, 1_500_000);

  it("an agent: at any durable write what it did is found again or done again", async () => {
    expect(await dieAtEach("agent")).toBeGreaterThan(5);
  }, 1_500_000);
});
