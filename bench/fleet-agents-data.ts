import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startLinkedExecutor } from "../src/executor/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { collectFacts, createAgentModule } from "../src/verbs/index.ts";

// Many agents in one process: real agents, each with its own folder, key, journal and connection. What one machine has once they share: its
// facts, and the verbs. `node fleet-agents-data.ts FOLDER FIRST COUNT`, started by `fleet-data.ts`, which it tells how many are connected.

/** What this process tells the one that started it. */
export interface AgentsNews {
  readonly connected: number;
}

/** Agents at a time that open their files. */
const OPENING = 50;
/** Milliseconds between two words about how many are connected. */
const TELL_EVERY = 10;

const [folder = "", first = "0", count = "0"] = process.argv.slice(2);
const numbers = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);

let connected = 0;
let told = -1;
setInterval(() => {
  if (connected === told) return;
  told = connected;
  process.send?.({ connected } satisfies AgentsNews);
}, TELL_EVERY);

const log = {
  info(_fields: object, text: string): void {
    if (text === "connected to the server") connected += 1;
  },
  warn(fields: object, text: string): void {
    if (text === "connection to the server lost") connected -= 1;
    if (process.env["FLEET_LOG"] !== undefined) console.error(text, JSON.stringify(fields));
  },
};

const facts = collectFacts();
const home = join(folder, `home-${first}`);
mkdirSync(home, { recursive: true });
const shared = createAgentModule({
  home,
  state: home,
  clock: systemClock,
  environment: process.env,
  limit: 16,
  warn: log.warn,
  noticed: () => undefined,
});

async function start(number: number): Promise<void> {
  const place = join(folder, String(number));
  await startLinkedExecutor({
    kind: "agent",
    state: place,
    name: `agent-${number}`,
    transport: "auto",
    environment: {},
    signal: new AbortController().signal,
    version: "bench",
    clock: systemClock,
    random: systemRandom,
    log,
    modules: async () => [await shared],
    facts: async () => ({ ...(await facts), hostname: `agent-${number}` }),
  });
}

while (numbers.length > 0) await Promise.all(numbers.splice(0, OPENING).map(start));
