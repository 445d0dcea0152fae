import { quoted } from "./scripts.ts";

/**
 * The service of an agent for OpenRC. Pure: text in, text out. Only what was started here is ended with it: services of the agent's own, and
 * what commands left running, go on.
 *
 * @param launcher absolute path
 */
export function openrcText(launcher: string): string {
  return `#!/sbin/openrc-run
# Written by \`gantry bootstrap\`. To change something, leave this file as it is: /etc/conf.d/gantry-agent
description="Gantry agent"
supervisor=supervise-daemon
command=${quoted(launcher)}
# It is tried again and again: a server that is away for a day is no reason to give up.
respawn_delay=2
respawn_max=0
# It ends commands, and says its last words.
retry=SIGTERM/30/SIGKILL/5
output_log=/var/log/gantry-agent.log
error_log=/var/log/gantry-agent.log
rc_ulimit="-n 1048576"

depend() {
  use net dns
  after firewall
}
`;
}
