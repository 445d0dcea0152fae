import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { UNIT_NOT_WRITABLE, type UnitKind, unitName, unitText } from "../bootstrap/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { CommandContext } from "./context.ts";
import { USAGE } from "./errors.ts";
import { EXIT } from "./failure.ts";
import { FRUGAL_MEMORY, SERVER_FLAGS } from "./server/background.ts";

/** `gantry server systemd`, `gantry agent systemd`, `gantry worker systemd`: a unit with the absolute paths of this installation. */

type Options = Record<string, unknown>;

export function serverUnit(context: CommandContext, options: Options): Promise<number> {
  return write(context, options, "server");
}

export function agentUnit(context: CommandContext, options: Options): Promise<number> {
  return write(context, options, "agent");
}

export function workerUnit(context: CommandContext, options: Options): Promise<number> {
  return write(context, options, "worker");
}

/** Where what it keeps is, when nobody says. */
function usualFolder(kind: UnitKind, user: boolean): string {
  const name = kind === "server" ? "gantry" : `gantry-${kind}`;
  return user ? join(process.env["XDG_DATA_HOME"] || join(homedir(), ".local/share"), name) : `/var/lib/${name}`;
}

function configFolder(): string {
  return process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
}

async function write({ terminal }: CommandContext, options: Options, kind: UnitKind): Promise<number> {
  const user = options["user"] === true;
  if (options["stdout"] === true && options["out"] !== undefined)
    throw new GantryError(USAGE, "--stdout and --out FILE cannot both be given");
  const given = options[kind === "server" ? "data" : "state"];
  const folder = resolve(typeof given === "string" ? given : usualFolder(kind, user));
  const config = user ? join(configFolder(), "gantry/config.yaml") : "/etc/gantry/config.yaml";
  const flags = kind === "server" ? SERVER_FLAGS : [];
  const program = [process.execPath, ...process.execArgv, ...flags, resolve(process.argv[1]!)];
  const text = unitText({
    kind,
    user,
    command:
      kind === "server" ? [...program, "server", "run", "--data", folder] : [...program, kind, ...state(kind, folder)],
    environment: { ...(kind === "server" ? FRUGAL_MEMORY : {}), ...(user ? { GANTRY_CONFIG: config } : {}) },
  });
  if (options["stdout"] === true) {
    terminal.out(text);
    return EXIT.ok;
  }
  const name = unitName(kind);
  const usual = user ? join(configFolder(), "systemd/user", name) : join("/etc/systemd/system", name);
  const path = resolve(typeof options["out"] === "string" ? options["out"] : usual);
  const before = await readFile(path, "utf8").catch(() => undefined);
  if (before !== text) await put(path, text);
  const systemctl = user ? "systemctl --user" : "systemctl";
  const said = before === undefined ? "Written" : before === text ? "Unchanged" : "Replaced";
  terminal.out(`${said}: ${path}\n`);
  terminal.error(
    [
      "Next:",
      ...first(kind, config),
      `  ${systemctl} daemon-reload`,
      `  ${systemctl} enable --now ${name}`,
      ...(user ? ["  loginctl enable-linger    (so that it also runs while you are not logged in)"] : []),
      "",
    ].join("\n"),
  );
  return EXIT.ok;
}

function state(kind: UnitKind, folder: string): readonly string[] {
  return kind === "worker" ? ["run", "--state", folder] : ["--state", folder];
}

/** What has to be said before it can be started. */
function first(kind: UnitKind, config: string): readonly string[] {
  if (kind === "server") return [`  settings, if any: ${config}`];
  const proof = kind === "agent" ? "join_token or shared_key" : "join_token";
  return [`  server_address, and ${proof}: into ${config}`];
}

async function put(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o644 });
  } catch (error) {
    throw new GantryError(UNIT_NOT_WRITABLE, `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
