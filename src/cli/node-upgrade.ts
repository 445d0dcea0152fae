import { systemClock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { type Connections, connections } from "./node-connections.ts";
import { type Column, printList } from "./output.ts";
import { printable } from "./terminal.ts";

/** `gantry node upgrade`: agents become the release that the server has. */

interface Outcome {
  readonly name: string;
  readonly result: "upgraded" | "unchanged" | "went back" | "failed" | "cannot";
  readonly release: string | null;
  readonly reason: string;
}

const COLUMNS: readonly Column<Outcome>[] = [
  { heading: "NAME", value: (row) => printable(row.name) },
  { heading: "RESULT", value: (row) => row.result },
  { heading: "RELEASE", value: (row) => row.release ?? "-" },
  { heading: "REASON", value: (row) => printable(row.reason) || "-" },
];

/** Agents that fetch at the same time. */
const AT_ONCE = 10;
/** Milliseconds until what an agent told one server is known to all. */
const KNOWN_WITHIN = 1500;
/** Seconds for stopping, starting and going back, beyond those a release has to come up. */
const MORE = 60;

/** `gantry node upgrade NAME…|--all`. */
export async function upgrade(
  context: CommandContext,
  options: Record<string, unknown>,
  args: readonly string[],
): Promise<number> {
  const within = Number(options["within"] ?? 60);
  if (!(within >= 1 && within <= 3600))
    throw new GantryError(USAGE, `--within ${String(options["within"])} is not a number of seconds from 1 to 3600`);
  if ((options["all"] === true) === args.length > 0)
    throw new GantryError(USAGE, "either names of nodes or --all is needed");
  const known = await context.client.nodes.list({ kind: "agent" }).all();
  const names = options["all"] === true ? known.map(({ name }) => name) : args;
  // Names that are wrong are told before anything is done.
  for (const name of args) await context.client.nodes.get(name);
  const waiting = [...names];
  await using watch = await connections(context.client);
  const outcomes: Outcome[] = [];
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, waiting.length) }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        outcomes.push(await upgradeOne(context, watch, name, within));
    }),
  );
  outcomes.sort((a, b) => (a.name < b.name ? -1 : 1));
  printList(context.terminal, context.output, COLUMNS, outcomes, "There are no agents.");
  // Of all, those that cannot are only named; who names one wants it done.
  const bad = outcomes.filter(
    ({ result }) => result === "failed" || result === "went back" || (args.length > 0 && result === "cannot"),
  );
  return bad.length === 0 ? EXIT.ok : EXIT.failed;
}

async function upgradeOne(context: CommandContext, watch: Connections, name: string, within: number): Promise<Outcome> {
  try {
    const { changed, release } = await context.client.nodes.upgrade(name, { within });
    if (!changed) return { name, result: "unchanged", release, reason: "" };
    const until = systemClock.now() + (within + MORE) * 1000;
    while (await watch.next(name, until - systemClock.now())) {
      const outcome = await outcomeOf(context, name, release);
      if (outcome !== undefined) return outcome;
      await pause();
      const later = await outcomeOf(context, name, release);
      if (later !== undefined) return later;
    }
    return { name, result: "failed", release, reason: "it did not come back: look at its log, and at its folder" };
  } catch (error) {
    const cannot = error instanceof GantryError && error.code === "node_not_upgradable";
    return { name, result: cannot ? "cannot" : "failed", release: null, reason: messageOf(error) };
  }
}

/** Of an agent that is back, as the one or as the other. Undefined: as neither. */
async function outcomeOf(context: CommandContext, name: string, release: string): Promise<Outcome | undefined> {
  const node = await context.client.nodes.get(name);
  const own = (node.facts as Record<string, Json>)["agent"];
  if (node.state !== "connected" || !isJsonObject(own ?? null)) return undefined;
  const { release: running, failed } = own as Record<string, Json>;
  if (running === release) return { name, result: "upgraded", release, reason: "" };
  if (!isJsonObject(failed ?? null) || (failed as Record<string, Json>)["release"] !== release) return undefined;
  const reason = `release ${release} ${String((failed as Record<string, Json>)["reason"])}`;
  return { name, result: "went back", release: String(running), reason };
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, KNOWN_WITHIN);
  });
}
