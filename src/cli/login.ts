import { createClient, type GantryClient } from "../client/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { CommandContext } from "./context.ts";
import {
  changeEndpoints,
  endpointNamed,
  endpointNameProblem,
  endpointsFile,
  readEndpoints,
  type Endpoint,
} from "./endpoints.ts";
import { ENDPOINT_UNKNOWN, USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { printData, printList, timeText, type Column } from "./output.ts";
import { lineFrom, passwordFrom } from "./password.ts";
import { authorityFor } from "./server-trust.ts";
import { printable } from "./terminal.ts";

/** `gantry login`, `logout`, `use`: servers elsewhere, and as whom they are asked. */

type Options = Readonly<Record<string, unknown>>;

/** What a login gives. */
export type Session = Awaited<ReturnType<GantryClient["login"]["create"]>>;

const FIRST_NAME = "default";

/** `gantry login [NAME] --url URL`. */
export async function login(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const file = endpointsFile();
  const known = await readEndpoints(file);
  const name = args[0] ?? known.current ?? FIRST_NAME;
  const wrong = endpointNameProblem(name);
  if (wrong !== undefined) throw new GantryError(USAGE, `the name '${name}' ${wrong}`);
  const before = Object.hasOwn(known.endpoints, name) ? known.endpoints[name] : undefined;
  const url = (options["url"] as string | undefined) ?? before?.url;
  if (url === undefined)
    throw new GantryError(USAGE, `there is no endpoint '${name}' yet: say where it is, --url https://…`);
  const authority =
    url === before?.url && options["ca"] === undefined && options["fingerprint"] === undefined
      ? before.ca
      : await authorityFor(context, url, {
          ca: options["ca"] as string | undefined,
          fingerprint: options["fingerprint"] as string | undefined,
        });
  // Who logs in has no token yet; where one logs in, none is looked at.
  const client = createClient({ url, token: "none", authority });
  const tenant = options["tenant"] as string | undefined;
  const session = await opened(context, client, options, before);
  const endpoint: Endpoint = {
    url: client.address,
    id: session.account.name,
    token: session.token,
    ...(authority !== undefined && { ca: authority }),
    ...(tenant === undefined ? before?.tenant !== undefined && { tenant: before.tenant } : { tenant }),
  };
  await changeEndpoints(file, ({ endpoints }) => ({ current: name, endpoints: { ...endpoints, [name]: endpoint } }));
  client.close();
  if (before?.token !== undefined) await endFormer(before.url, before.token, before.ca);
  context.terminal.out(
    `Logged in to ${name} (${endpoint.url}) as ${printable(endpoint.id)}, until ${timeText(session.expiresAt)}\n`,
  );
}

/** The session that was kept here before is nobody's now. Whether that works says nothing of the new one. */
async function endFormer(url: string, token: string, authority: string | undefined): Promise<void> {
  const client = createClient({ url, token, authority });
  await client.session.delete().catch(() => {});
  client.close();
}

async function opened(
  context: CommandContext,
  client: GantryClient,
  options: Options,
  before: Endpoint | undefined,
): Promise<Session> {
  if (options["oidc"] === true || options["device"] === true) {
    const { loginByBrowser, loginByDevice } = await import("./login-issuer.ts");
    return options["oidc"] === true ? loginByBrowser(context, client) : loginByDevice(context, client);
  }
  const name = (options["user"] as string | undefined) ?? before?.id ?? (await lineFrom(context, "Name: "));
  if (name === undefined || name === "") throw new GantryError(USAGE, "who logs in? Give --user NAME");
  const password = await passwordFrom(context, {
    file: options["passwordFile"] as string | undefined,
    option: "--password-file",
    question: `Password of ${printable(name)}: `,
  });
  return client.login.create({ name, password });
}

/** `gantry logout [NAME]`: the session ends on the server, and its token goes from this machine. */
export async function logout(context: CommandContext, _options: Options, args: readonly string[]): Promise<number> {
  const file = endpointsFile();
  const known = await readEndpoints(file);
  const name = args[0] ?? known.current;
  if (name === undefined) throw new GantryError(ENDPOINT_UNKNOWN, "no endpoint is in use");
  const { url, token, ca } = endpointNamed(known, name);
  if (token === undefined) throw new GantryError(ENDPOINT_UNKNOWN, `nobody is logged in to endpoint '${name}'`);
  const client = createClient({ url, token, authority: ca });
  const failure = await client.session.delete().then(
    () => undefined,
    // The session has ended by itself.
    (error: unknown) => (error instanceof GantryError && error.code === "unauthenticated" ? undefined : error),
  );
  client.close();
  await changeEndpoints(file, ({ current, endpoints }) => {
    const { token: _token, ...rest } = endpointNamed({ current, endpoints }, name);
    return { current, endpoints: { ...endpoints, [name]: rest } };
  });
  if (failure === undefined) {
    context.terminal.out(`Logged out of ${name}\n`);
    return EXIT.ok;
  }
  context.terminal.error(
    `The token is gone from this machine, but the server was not told: ${printable(messageOf(failure))}\n`,
  );
  return EXIT.failed;
}

interface Row extends Omit<Endpoint, "token" | "ca"> {
  readonly name: string;
  readonly current: boolean;
  readonly loggedIn: boolean;
}

const ROWS: readonly Column<Row>[] = [
  { heading: "NAME", value: (row) => printable(row.name) },
  { heading: "IN USE", value: (row) => (row.current ? "yes" : "") },
  { heading: "URL", value: (row) => printable(row.url) },
  { heading: "ACCOUNT", value: (row) => printable(row.id) },
  { heading: "LOGGED IN", value: (row) => (row.loggedIn ? "yes" : "no") },
];

/** `gantry use [NAME | --local]`: which server is asked from now on; without either, those there are. */
export async function use(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const file = endpointsFile();
  const known = await readEndpoints(file);
  const [name] = args;
  if (name !== undefined && options["local"] === true) throw new GantryError(USAGE, "give a name or --local, not both");
  if (options["local"] === true) {
    await changeEndpoints(file, ({ endpoints }) => ({ current: undefined, endpoints }));
    context.terminal.out("The server of the data folder is asked from now on\n");
    return;
  }
  if (name !== undefined) {
    const { url } = endpointNamed(known, name);
    await changeEndpoints(file, ({ endpoints }) => ({ current: name, endpoints }));
    context.terminal.out(`${name} (${url}) is asked from now on\n`);
    return;
  }
  const rows = Object.entries(known.endpoints).map(([one, { token, ca: _ca, ...rest }]): Row => {
    return { name: one, current: one === known.current, loggedIn: token !== undefined, ...rest };
  });
  if (context.output !== "table") return printData(context.terminal, context.output, rows as unknown as JsonObject[]);
  printList(context.terminal, "table", ROWS, rows, "There are no endpoints: `gantry login NAME --url https://…`.");
}

/** `gantry account set-password NAME`. */
export async function setPassword(context: CommandContext, options: Options, args: readonly string[]): Promise<void> {
  const name = args[0] ?? "";
  const { client, terminal } = context;
  const who = await client.whoami.get();
  const own = who.account !== null && [who.account.id, who.name].includes(name);
  const file = options["passwordFile"] as string | undefined;
  const oldFile = options["oldPasswordFile"] as string | undefined;
  const old = !own
    ? undefined
    : await passwordFrom(context, { file: oldFile, option: "--old-password-file", question: "Password until now: " });
  const question = "New password: ";
  const password = await passwordFrom(context, { file, option: "--password-file", question });
  if (file === undefined) {
    const again = await passwordFrom(context, { file, option: "--password-file", question: "The same again: " });
    if (again !== password) throw new GantryError(USAGE, "these were two passwords: nothing was changed");
  }
  if (own) await client.send("PUT", "/v1/password", { password, old });
  else await client.send("PUT", `/v1/accounts/${encodeURIComponent(name)}/password`, { password });
  terminal.out(`Password of ${printable(name)} set; ${own ? "other sessions" : "sessions"} have ended\n`);
}
