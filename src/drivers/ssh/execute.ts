import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { createTail, limitedSignal } from "../../executor/index.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { FunctionContext, OutputStream } from "../../link/index.ts";
import { type SshOptions, withConnection } from "./connection.ts";
import { SSH_COMMAND_FAILED, SSH_UNREACHABLE } from "./errors.ts";
import type { ExecuteParameters } from "./model.ts";

/** Bytes of each stream that come back in the result; all of it goes to the job's output. */
const RESULT_BYTES = 64 * 1024;

interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Runs a command as the user's shell gets it. When it is stopped, the server is asked to end the command (SIGTERM), and the connection is
 * cut. OpenSSH does not do so where root has logged in: what it runs goes on until it writes something.
 *
 * @returns `{ exit_code, stdout, stderr }`, of the streams the last 65,536 bytes
 * Errors: `ssh_command_failed` with `{ exit_code }` or `{ signal }` in its details, `function_timed_out`, those of `withConnection`.
 */
export async function execute(
  parameters: ExecuteParameters,
  options: SshOptions,
  context: FunctionContext,
): Promise<JsonObject> {
  const limit = limitedSignal(context, parameters.timeout);
  const limited = { ...context, signal: limit.signal };
  return limit.within(
    withConnection(parameters, options, limited, async ({ client, lost, beforeCut }) => {
      const channel = await Promise.race([opened(client, parameters.command), lost]);
      beforeCut(() => channel.signal("TERM"));
      const ended = endOf(channel);
      // When the connection is lost, nobody waits for it.
      ended.catch(() => undefined);
      channel.on("error", () => undefined);
      channel.end(parameters.input ?? "");
      const [stdout, stderr] = await Promise.race([
        Promise.all([passOn(channel, "stdout", limited), passOn(channel.stderr, "stderr", limited)]),
        lost,
      ]);
      const end = await Promise.race([ended, lost]);
      if (end.code === null || !parameters.codes.includes(end.code)) throw failure(end);
      return { exit_code: end.code, stdout, stderr };
    }),
  );
}

function opened(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) reject(new GantryError(SSH_UNREACHABLE, `the server runs no commands: ${error.message}`));
      else resolve(channel);
    });
  });
}

async function endOf(channel: ClientChannel): Promise<End> {
  const [code, signal] = (await once(channel, "exit")) as [number | null, string | undefined];
  return { code, signal: signal ?? null };
}

/** Live output, at the pace of the link. Returns the end of it. */
async function passOn(stream: Readable, name: OutputStream, context: FunctionContext): Promise<string> {
  const tail = createTail(RESULT_BYTES);
  // A secret must not be cut in two by what is kept: its half would not be known any more.
  const hiding = context.hiding?.();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    tail.push(hiding?.push(chunk) ?? chunk);
    context.output(name, chunk);
    await context.room?.();
  }
  if (hiding !== undefined) tail.push(hiding.end());
  return tail.text();
}

function failure({ code, signal }: End): GantryError {
  if (code !== null)
    return new GantryError(SSH_COMMAND_FAILED, `the command ended with exit code ${code}`, {
      details: { exit_code: code },
    });
  return new GantryError(SSH_COMMAND_FAILED, `the command was ended by ${signal ?? "a signal"}`, {
    details: { signal: signal ?? "" },
  });
}
