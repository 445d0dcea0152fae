import { GantryError, messageOf } from "../kernel/errors.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
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
/** Milliseconds between two looks. */
const LOOK_EVERY = 500;
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
  const outcomes: Outcome[] = [];
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, waiting.length) }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        outcomes.push(await upgradeOne(context, name, within));
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

async function upgradeOne(context: CommandContext, name: string, within: number): Promise<Outcome> {
  try {
    const { changed, release } = await context.client.nodes.upgrade(name, { within });
    if (!changed) return { name, result: "unchanged", release, reason: "" };
    return await watched(context, name, release, within);
  } catch (error) {
    const cannot = error instanceof GantryError && error.code === "node_not_upgradable";
    return { name, result: cannot ? "cannot" : "failed", release: null, reason: messageOf(error) };
  }
}

/** Looks until the agent is back, as the one or as the other. */
async function watched(context: CommandContext, name: string, release: string, within: number): Promise<Outcome> {
  for (let left = (within + MORE) * 1000; left > 0; left -= LOOK_EVERY) {
    await pause();
    const node = await context.client.nodes.get(name);
    const own = (node.facts as Record<string, Json>)["agent"];
    if (node.state !== "connected" || !isJsonObject(own ?? null)) continue;
    const { release: running, failed } = own as Record<string, Json>;
    if (running === release) return { name, result: "upgraded", release, reason: "" };
    if (isJsonObject(failed ?? null) && (failed as Record<string, Json>)["release"] === release) {
      const reason = `release ${release} ${String((failed as Record<string, Json>)["reason"])}`;
      return { name, result: "went back", release: String(running), reason };
    }
  }
  return { name, result: "failed", release, reason: "it did not come back: look at its log, and at its folder" };
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, LOOK_EVERY);
  });
}
