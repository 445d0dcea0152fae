import { LAYOUT } from "../executor/index.ts";
import type { Seen, ServiceManager } from "./plan.ts";

/** What is said to the shell of another machine. Pure: text in, text out. */

/** A word as the shell gives it on, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Looks at a machine and changes nothing. `folder` empty: the usual one. */
export function probeScript(folder: string, release: string, byManager: boolean): string {
  const { versions, manifest, current, launcher, state, node, program } = LAYOUT;
  return `set -u
uid=$(id -u)
home=$(getent passwd "$uid" 2>/dev/null | cut -d: -f6)
home=\${home:-$HOME}
folder=${quoted(folder)}
if [ -z "$folder" ]; then
  if [ "$uid" = 0 ]; then folder=/opt/gantry/agent; else folder=$home/.local/share/gantry/agent; fi
fi
manager=none
unit=
if ! ${byManager}; then :
elif [ "$uid" = 0 ] && [ -d /run/systemd/system ]; then
  manager=systemd; unit=/etc/systemd/system/gantry-agent.service
elif [ "$uid" = 0 ] && [ -d /run/openrc ] && command -v supervise-daemon >/dev/null; then
  manager=openrc; unit=/etc/init.d/gantry-agent
elif [ "$uid" != 0 ] && [ -d /run/systemd/system ] && systemctl --user show-environment >/dev/null 2>&1; then
  manager=user; unit=$home/.config/systemd/user/gantry-agent.service
fi
hash() { [ -f "$1" ] && sha256sum <"$1" | cut -d' ' -f1; }
loader=no
for one in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do [ -e "$one" ] && loader=yes; done
library=no
for one in /lib/*/libstdc++.so.6 /usr/lib/*/libstdc++.so.6 /lib64/libstdc++.so.6 /usr/lib64/libstdc++.so.6 /usr/lib/libstdc++.so.6; do
  [ -e "$one" ] && library=yes
done
running=no
if [ "$manager" = systemd ]; then systemctl is-active -q gantry-agent && running=yes
elif [ "$manager" = user ]; then systemctl --user is-active -q gantry-agent && running=yes
elif [ "$manager" = openrc ]; then rc-service -e gantry-agent && rc-service gantry-agent status >/dev/null 2>&1 && running=yes
else
  pid=$(cat "$folder/launcher.pid" 2>/dev/null)
  [ -n "$pid" ] && grep -q gantry-agent "/proc/$pid/cmdline" 2>/dev/null && running=yes
fi
now=$(readlink "$folder/${current}" 2>/dev/null)
place=$folder/${versions}/${release}
whole=no
[ -x "$place/${node}" ] && [ -f "$place/${program}" ] && [ -f "$place/${manifest}" ] && whole=yes
joined=no
node=
if [ -f "$folder/${state}/identity.json" ]; then
  joined=yes
  node=$(sed -n 's/.*"name":"\\([^"\\]*\\)".*/\\1/p' "$folder/${state}/identity.json")
fi
lingers=no
[ -e "/var/lib/systemd/linger/$(id -un)" ] && lingers=yes
printf '%s=%s\\n' machine "$(uname -m)" hostname "$(uname -n)" uid "$uid" home "$home" folder "$folder" manager "$manager" \\
  unitPath "$unit" glibc "$loader" libstdcxx "$library" current "\${now##*/}" whole "$whole" \\
  launcher "$(hash "$folder/${launcher}")" unit "$([ -n "$unit" ] && hash "$unit")" joined "$joined" node "$node" \\
  running "$running" lingers "$lingers"
`;
}

export interface Probe extends Seen {
  readonly folder: string;
  /** Where its unit stands, or would. */
  readonly unitPath: string;
  /** As which node it has joined; empty: it has not, or does not say. */
  readonly node: string;
  /** Whether what a user's own systemd runs goes on when the user is not logged in. */
  readonly lingers: boolean;
}

const MANAGERS: readonly ServiceManager[] = ["systemd", "user", "openrc", "none"];

/** What `probeScript` printed. Undefined: it is something else. */
export function readProbe(text: string): Probe | undefined {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([a-zA-Z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value ?? ""] as const];
    }),
  );
  const manager = MANAGERS.find((one) => one === values.get("manager"));
  if (manager === undefined) return undefined;
  const one = (name: string): string => values.get(name) ?? "";
  return {
    machine: one("machine"),
    hostname: one("hostname"),
    uid: Number(one("uid")),
    home: one("home"),
    folder: one("folder"),
    unitPath: one("unitPath"),
    manager,
    glibc: one("glibc") === "yes",
    libstdcxx: one("libstdcxx") === "yes",
    current: one("current"),
    whole: one("whole") === "yes",
    launcher: one("launcher"),
    unit: one("unit"),
    joined: one("joined") === "yes",
    running: one("running") === "yes",
    node: one("node"),
    lingers: one("lingers") === "yes",
  };
}

/**
 * Takes a file from its standard input and puts it in its place in one step, when it is what it should be. Its draft has a name that nobody knows
 * before: in a folder where others may write, one could lead elsewhere, or stay theirs.
 */
export function putScript(path: string, mode: string, sha256: string): string {
  return `set -eu
umask 077
folder=$(dirname -- ${quoted(path)})
case $folder in -*) folder=./$folder ;; esac
mkdir -p -- "$folder"
draft=$(mktemp "$folder/.gantry.XXXXXX")
trap 'rm -f -- "$draft"' EXIT
cat >"$draft"
[ "$(sha256sum <"$draft" | cut -d' ' -f1)" = ${sha256} ] || { echo "the file came in another form than it was sent in" >&2; exit 1; }
chmod ${mode} -- "$draft"
mv -f -- "$draft" ${quoted(path)}
`;
}

/** Makes the folders that everybody may look into: commands run as other users too. */
export function foldersScript(folder: string, release: string): string {
  const { versions, state } = LAYOUT;
  return `set -eu
mkdir -p -- ${quoted(folder)} ${quoted(`${folder}/${versions}`)} ${quoted(`${folder}/${versions}/${release}`)}
chmod 755 -- ${quoted(folder)} ${quoted(`${folder}/${versions}`)} ${quoted(`${folder}/${versions}/${release}`)}
mkdir -p -m 700 -- ${quoted(`${folder}/${state}`)}
`;
}

export function pointScript(folder: string, release: string): string {
  const { versions, current, trial, failed } = LAYOUT;
  return `set -eu
cd -- ${quoted(folder)}
ln -sfn ${quoted(`${versions}/${release}`)} ${current}.new
mv -fT -- ${current}.new ${current}
rm -f -- ${trial} ${failed}
`;
}

export function startScript(probe: Probe, again: boolean): string {
  if (probe.manager === "none") return plainStart(probe.folder);
  if (probe.manager === "openrc") {
    return `set -eu
rc-update -q add gantry-agent default
rc-service gantry-agent ${again ? "restart" : "start"}
`;
  }
  const systemctl = probe.manager === "user" ? "systemctl --user" : "systemctl";
  return `set -eu
${systemctl} daemon-reload
${systemctl} enable -q gantry-agent
${systemctl} ${again ? "restart" : "start"} gantry-agent
`;
}

/** What a user's own systemd runs ends with the user's last session, unless it lingers. Not everywhere users may decide that themselves. */
export const LINGER_SCRIPT = `loginctl enable-linger >/dev/null 2>&1 || true
[ ! -e "/var/lib/systemd/linger/$(id -un)" ] || echo yes
`;

/** Without a service manager nobody starts it again when the machine comes up. What ran is ended first. */
function plainStart(folder: string): string {
  return `set -eu
cd -- ${quoted(folder)}
pid=$(cat launcher.pid 2>/dev/null || true)
if [ -n "$pid" ] && grep -q gantry-agent "/proc/$pid/cmdline" 2>/dev/null; then
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
fi
rm -f launcher.pid
unset SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION
setsid sh -c 'echo $$ >launcher.pid; exec ./${LAYOUT.launcher} >>agent.log 2>&1 </dev/null' >/dev/null 2>&1 </dev/null &
# Until it stands in a session of its own: the end of this one would be its end too, where sudo gives each command a terminal.
while [ ! -s launcher.pid ]; do kill -0 "$!" || exit 1; sleep 0.1; done
`;
}
