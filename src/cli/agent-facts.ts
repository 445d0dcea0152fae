import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "../client/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { fetchAuthority } from "../link/index.ts";
import { readMachineFacts } from "../verbs/index.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { hardwareText } from "./hardware-text.ts";
import { printData } from "./output.ts";
import { printable } from "./terminal.ts";

const PATIENCE = 30_000;
/** Milliseconds between two questions. */
const INTERVAL = 5000;

/** `gantry agent facts`: what this machine is made of; with `--register`, told to a server, which says what it is to be. */
export async function facts(context: CommandContext, options: Record<string, unknown>): Promise<number> {
  const read = await readMachineFacts();
  for (const sentence of read.missing) context.terminal.error(`missing: ${printable(sentence)}\n`);
  const url = options["register"] as string | undefined;
  if (url !== undefined) return register(context, options, url, read.facts);
  if (context.output === "table") context.terminal.out(printable(`${hardwareText(read.facts).join("\n")}\n`));
  else printData(context.terminal, context.output, read.facts as unknown as Json);
  return EXIT.ok;
}

type Facts = Awaited<ReturnType<typeof readMachineFacts>>["facts"];

async function register(
  context: CommandContext,
  options: Record<string, unknown>,
  url: string,
  told: Facts,
): Promise<number> {
  const text = (options["token"] as string | undefined) ?? process.env["GANTRY_MACHINE_TOKEN"] ?? "";
  const [, token, pin] = /^(gantry_machine_[\w-]+)\.([\w-]{43})$/.exec(text) ?? [];
  if (token === undefined || pin === undefined)
    throw new GantryError(USAGE, "--register needs a registration token: --token, or GANTRY_MACHINE_TOKEN", {
      hint: "Make one with `gantry machine token create --site SITE`.",
    });
  const seconds = options["wait"] === undefined ? Number.POSITIVE_INFINITY : Number(options["wait"]);
  if (!(seconds >= 0)) throw new GantryError(USAGE, `--wait ${String(options["wait"])} is not a number of seconds`);
  // The token says by which authority the server is known.
  const authority = await fetchAuthority(url, pin, { environment: process.env, timeout: PATIENCE });
  const { id, secret, ...first } = await createClient({ url, token, authority }).machines.create({
    facts: told as never,
  });
  context.terminal.error(`registered as machine ${id}\n`);
  const itself = createClient({ url, token: secret, authority });
  let answer = first;
  for (const end = systemClock.now() + seconds * 1000; answer.state === "waiting" && systemClock.now() < end;) {
    await pause(Math.max(0, Math.min(INTERVAL, end - systemClock.now())));
    answer = await itself.machines.assignment(id);
  }
  if (context.output !== "table") printData(context.terminal, context.output, { id, ...answer });
  else if (answer.state === "located")
    context.terminal.out(
      `foundation ${answer.foundation}${answer.hostname === null ? "" : `, ${answer.hostname}`} at ${answer.site}\n`,
    );
  else context.terminal.error("nobody has said yet which foundation this machine is: gantry machine list\n");
  return answer.state === "located" ? EXIT.ok : EXIT.failed;
}
