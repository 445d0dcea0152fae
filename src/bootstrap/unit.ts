/** Units of systemd for what runs on a machine for good. Pure: text in, text out. */

export type UnitKind = "server" | "agent" | "worker";

export interface UnitOptions {
  readonly kind: UnitKind;
  /** Absolute path of a program, and its arguments. */
  readonly command: readonly string[];
  /** For a user's own systemd, and not for the machine's. */
  readonly user: boolean;
  /** Variables it is started with. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Beside `[Unit]` and the command: why each line is there stands in the unit itself. */
const COMMON = `Restart=always
RestartSec=2
# What it started for others goes on when it is stopped or started anew: services of agents, machines that a server made here.
KillMode=process
# The kernel ends a command that takes too much memory, and not what started it.
OOMPolicy=continue
TasksMax=infinity
LimitNOFILE=1048576`;

/**
 * What it is kept from. Agents and workers, and the worker inside a server, do what they are told to do to this machine: files, users,
 * packages, containers. What stands here is what none of that needs.
 */
const HARDENING = `LockPersonality=yes
RestrictRealtime=yes`;
const SERVER_HARDENING = `${HARDENING}
# Keys, tokens and the database are its own.
UMask=0077`;

const DESCRIPTIONS: Readonly<Record<UnitKind, string>> = {
  server: "Gantry server",
  agent: "Gantry agent",
  worker: "Gantry worker",
};

export function unitName(kind: UnitKind): string {
  return kind === "server" ? "gantry.service" : `gantry-${kind}.service`;
}

/** The unit's file, whole. */
export function unitText({ kind, command, user, environment = {} }: UnitOptions): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${quoted(`${name}=${value}`, false)}`,
  );
  // A user's own systemd knows no targets of the machine.
  const network = user ? [] : ["Wants=network-online.target", "After=network-online.target"];
  return [
    `# Written by \`gantry ${kind} systemd\`. To change something, leave this file as it is: systemctl edit ${unitName(kind)}`,
    "[Unit]",
    `Description=${DESCRIPTIONS[kind]}`,
    ...network,
    "# It is tried again and again: a server that is away for a day is no reason to give up.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${command.map((word) => quoted(word, true)).join(" ")}`,
    ...variables,
    COMMON,
    kind === "server" ? SERVER_HARDENING : HARDENING,
    "",
    "[Install]",
    `WantedBy=${user ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}

/** A word as systemd reads it: `%` and, in commands, `$` mean something else there. */
function quoted(word: string, command: boolean): string {
  const plain = word.replaceAll("%", "%%");
  const safe = command ? plain.replaceAll("$", "$$$$") : plain;
  if (/^[A-Za-z0-9_@%+=:,./$-]+$/.test(safe)) return safe;
  return `"${safe
    .replaceAll("\\", "\\\\")
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`)}"`;
}
