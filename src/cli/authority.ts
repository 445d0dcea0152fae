import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { printData, timeText } from "./output.ts";
import { printable } from "./terminal.ts";
import { confirm } from "./up/ask.ts";

/** `gantry authority …`: the certificate authority of the server. */

type State = Awaited<ReturnType<CommandContext["client"]["authority"]["get"]>>;

/** `gantry authority show`. */
export async function show(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const state = await context.client.authority.get();
  if (options["certificate"] === true) context.terminal.out(state.present.certificate);
  else print(context, state);
}

/** `gantry authority rotate [--overlap DAYS]`. */
export async function rotate(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const days = Number(options["overlap"]);
  if (!(days >= 0 && days <= 365))
    throw new GantryError(USAGE, `--overlap ${String(options["overlap"])} is not a number of days up to 365`);
  await confirm(context, `Make another certificate authority; the present one is good for ${days} days more?`, {
    yes: options["yes"] === true,
    destroys: false,
  });
  print(context, await context.client.authority.rotate({ overlap: Math.round(days * 24 * 60 * 60) }));
}

/** `gantry authority drop-former`. */
export async function dropFormer(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const { behind } = await context.client.authority.get();
  const who = behind.length === 0 ? "" : ` ${behind.map(printable).join(", ")} would have to join again.`;
  const what = "dropping the former certificate authority";
  await confirm(context, `Drop the former certificate authority now?${who}`, {
    yes: options["yes"] === true,
    destroys: true,
    what,
  });
  print(context, await context.client.authority.dropFormer());
}

function print({ terminal, output }: CommandContext, state: State): void {
  if (output !== "table") return printData(terminal, output, JSON.parse(JSON.stringify(state)));
  const { present, former, server, behind } = state;
  const lines: [string, string][] = [
    ["authority", present.fingerprint],
    ["", `good until ${timeText(present.notAfter)}${state.source === "supplied" ? "; supplied by tls_cert" : ""}`],
    ...(former === null
      ? []
      : ([
          ["former", former.fingerprint],
          ["", `trusted until ${timeText(former.until)}`],
        ] as [string, string][])),
    ["server", `good until ${timeText(server.notAfter)}`],
    ["", server.names.join(", ")],
    ...(behind.length === 0 ? [] : ([["not told yet", behind.map(printable).join(", ")]] as [string, string][])),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, value] of lines) terminal.out(`${name.padEnd(width)}  ${value}\n`);
  return undefined;
}
