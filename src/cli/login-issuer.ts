import type { GantryClient } from "../client/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { LOGIN_NOT_ENDED } from "./errors.ts";
import { EXIT, Exit } from "./failure.ts";
import type { Session } from "./login.ts";
import { printable } from "./terminal.ts";

/** Logins that end in a browser: on this machine, or on another device. What the issuer says is checked by the server. */

const PATIENCE_MILLISECONDS = 10 * 60 * 1000;

/** `gantry login --oidc`: the browser comes back to a port of this machine. */
export async function loginByBrowser({ terminal }: CommandContext, client: GantryClient): Promise<Session> {
  const { createServer } = process.getBuiltinModule("node:http");
  const came = Promise.withResolvers<string>();
  const server = createServer((request, reply) => {
    const [path, query] = (request.url ?? "").split("?");
    const isAnswer = path === "/callback" && query !== undefined;
    reply.writeHead(isAnswer ? 200 : 404, { "content-type": "text/plain; charset=utf-8", connection: "close" });
    reply.end(isAnswer ? "Gantry has what it needs: go back to the terminal.\n" : "There is nothing here.\n");
    if (isAnswer) came.resolve(query);
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const { port } = server.address() as { readonly port: number };
  const late = setTimeout(() => came.reject(notEnded()), PATIENCE_MILLISECONDS);
  const interrupted = (): void => came.reject(new Exit(EXIT.interrupted));
  process.once("SIGINT", interrupted);
  try {
    const { flow, url } = await client.login.postOidc({ redirect: `http://127.0.0.1:${port}/callback` });
    terminal.error(`Open this in a browser of this machine:\n  ${printable(url)}\n`);
    return await client.login.oidcFinish({ flow, query: await came.promise });
  } finally {
    clearTimeout(late);
    process.off("SIGINT", interrupted);
    server.closeAllConnections();
    server.close();
  }
}

/** `gantry login --device`: confirmed anywhere, asked for as often as the issuer wants. */
export async function loginByDevice({ terminal }: CommandContext, client: GantryClient): Promise<Session> {
  const device = await client.login.device();
  terminal.error(
    `Open ${printable(device.verificationUri)} on any device, and enter the code\n  ${printable(device.userCode)}\n`,
  );
  if (device.verificationUriComplete !== null) terminal.error(`or open ${printable(device.verificationUriComplete)}\n`);
  const end = systemClock.now() + device.expiresIn * 1000;
  let wait = device.interval;
  while (systemClock.now() < end) {
    await pause(wait);
    const asked = await client.login.devicePoll({ flow: device.flow });
    if (asked.session !== null) return asked.session;
    wait = asked.interval;
  }
  throw notEnded();
}

function pause(seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, seconds * 1000);
  return promise;
}

function notEnded(): GantryError {
  return new GantryError(LOGIN_NOT_ENDED, "the login was not ended in time");
}
