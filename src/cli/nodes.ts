import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import { printData } from "./output.ts";

/** `gantry join-token`: prints the token alone, so that a script can take it. */
export async function joinToken(context: CommandContext, options: Record<string, unknown>): Promise<void> {
  const minutes = Number(options["expires"] ?? 60);
  const answer = await context.client.send<JsonObject>("POST", "/v1/join-tokens", {
    role: options["role"],
    ...(options["name"] === undefined ? {} : { name: options["name"] }),
    ...(options["site"] === undefined ? {} : { site: options["site"] }),
    expiresIn: Math.round(minutes * 60),
  });
  if (context.output === "table") context.terminal.out(`${String(answer["token"])}\n`);
  else printData(context.terminal, context.output, answer);
}
