import { FOLDER_VARIABLE, LAYOUT, RESTART_CODE } from "./layout.ts";

/** Options that Node runs agents with: little memory, and no warnings that mean nothing to who reads the log. */
export const NODE_OPTIONS = ["--max-semi-space-size=1", "--disable-warning=ExperimentalWarning"];

/** Seconds between two starts after a failure, at first and at the most. */
const PAUSE = { first: 2, most: 64 };
/** Seconds an agent has to end once it was asked to. What it had begun, the next one finds in the journal. */
const PATIENCE = 30;

/**
 * `gantry-agent` in an agent's folder: starts the present release, again when it ends, and the one before when a new one does not come up. In
 * the shell's own language, because it must work when the new release does not. Under systemd and without.
 *
 * @param patience seconds an agent has to end once it was asked to; then it is killed
 */
export function launcherText(patience = PATIENCE): string {
  const { current, previous, trial, failed, state, node, program } = LAYOUT;
  return `#!/bin/sh
# Starts the agent that stands in this folder. A release that has not shown that it comes up is given some time; then the one before runs again.
set -u
folder=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
export ${FOLDER_VARIABLE}="$folder"
child=
resting=
guard=
stopping=

stop() {
  stopping=yes
  [ -z "$resting" ] || kill "$resting" 2>/dev/null
  [ -z "$child" ] || end
}

# Asks the agent to end, and kills it when it does not.
end() {
  kill -TERM "$child" 2>/dev/null
  [ -z "$guard" ] || return 0
  (
    resting=
    trap '[ -z "$resting" ] || kill "$resting"; exit' TERM
    sleep ${patience} >/dev/null 2>&1 &
    resting=$!
    wait "$resting"
    say "the agent did not end within ${patience} seconds, and is killed"
    kill -KILL "$child"
  ) &
  guard=$!
}
trap stop TERM INT
trap '' HUP

say() {
  echo "gantry-agent: $*" >&2
}

# Ends when the agent has, however often a signal comes in between.
await() {
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  # First: a word to stop that comes now must not set a guard over a process that is gone.
  child=
  [ -z "$guard" ] || kill -TERM "$guard" 2>/dev/null
  guard=
}

take_back() {
  release=$(cat "$folder/${trial}")
  release=\${release%% *}
  say "release $release $1"
  echo "$release $1" >"$folder/${failed}"
  if [ -e "$folder/${previous}/${program}" ]; then
    ln -s "$(readlink "$folder/${previous}")" "$folder/${current}.$$"
    mv -T "$folder/${current}.$$" "$folder/${current}"
  fi
  rm -f "$folder/${trial}"
}

pause=${PAUSE.first}
while :; do
  began=$(date +%s)
  "$folder/${current}/${node}" ${NODE_OPTIONS.join(" ")} "$folder/${current}/${program}" --state "$folder/${state}" "$@" &
  child=$!
  # The word to stop may have come before there was anybody to tell it to.
  [ -z "$stopping" ] || end
  if [ -e "$folder/${trial}" ]; then
    left=$(cat "$folder/${trial}")
    left=\${left#* }
    while [ -e "$folder/${trial}" ] && [ "$left" -gt 0 ] && [ -z "$stopping" ] && kill -0 "$child" 2>/dev/null; do
      sleep 1
      left=$((left - 1))
    done
    if [ -e "$folder/${trial}" ] && [ -z "$stopping" ]; then
      if kill -0 "$child" 2>/dev/null; then
        kill -KILL "$child"
        await
        take_back "did not reach the server in time"
      else
        await
        take_back "ended with code $code"
      fi
      continue
    fi
  fi
  await
  [ -z "$stopping" ] || exit 0
  [ "$code" -ne ${RESTART_CODE} ] || continue
  [ $(($(date +%s) - began)) -lt 60 ] || pause=${PAUSE.first}
  say "the agent ended with code $code; it is started again in $pause seconds"
  sleep "$pause" &
  resting=$!
  # As above.
  [ -z "$stopping" ] || kill "$resting" 2>/dev/null
  wait "$resting"
  resting=
  [ -z "$stopping" ] || exit 0
  pause=$((pause * 2))
  [ "$pause" -le ${PAUSE.most} ] || pause=${PAUSE.most}
done
`;
}
