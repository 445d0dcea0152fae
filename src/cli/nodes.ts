import type { CommandContext } from "./context.ts";
import { printData } from "./output.ts";

/** `gantry join-token`: prints the token alone, so that a script can take it. */
export async function joinToken(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const minutes = Number(options["expires"] ?? 60);
  const answer = await context.client.joinTokens.create({
    role: options["role"] === "worker" ? "worker" : "agent",
    name: options["name"] as string | undefined,
    site: options["site"] as string | undefined,
    expiresIn: Math.round(minutes * 60),
  });
  if (context.output === "table") context.terminal.out(`${answer.token}\n`);
  else printData(context.terminal, context.output, answer);
}
