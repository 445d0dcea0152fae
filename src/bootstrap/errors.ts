import { errorKind } from "../kernel/errors.ts";

export const UNIT_NOT_WRITABLE = errorKind("unit_not_writable", {
  status: 403,
  summary: "A unit of systemd cannot be written.",
  remedy: "Run the command as root, write a unit of your own with --user, or print it with --stdout.",
});

export const CATALOGUE_INVALID = errorKind("catalogue_invalid", {
  status: 422,
  summary: "A catalogue for `gantry bootstrap` is not what it should be.",
  remedy: "`docs/agents.md` says what a catalogue holds.",
});

export const BOOTSTRAP_FAILED = errorKind("bootstrap_failed", {
  status: 502,
  summary: "A step of bringing an agent to a machine failed.",
  remedy: "Read the message: it is what the machine said. What was done before stays; run the command again.",
});

export const BOOTSTRAP_KEY_WRONG = errorKind("bootstrap_key_wrong", {
  status: 400,
  summary: "A key file for SSH cannot be used.",
  remedy: "Name another one with --key, or put keys with a passphrase into an agent: ssh-add.",
});

export const BOOTSTRAP_HOST_REFUSED = errorKind("bootstrap_host_refused", {
  status: 502,
  summary: "A machine shows a host key that is not known, or another one than is known.",
  remedy:
    "Compare the fingerprint with the machine's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and put it into known_hosts; --accept-new takes keys of machines that are not known.",
});

export const BOOTSTRAP_UNREACHABLE = errorKind("bootstrap_unreachable", {
  status: 502,
  summary: "A machine cannot be reached over SSH, or does not let this user in.",
  remedy: "Try it with ssh, as the same user with the same key.",
});

export const BOOTSTRAP_IMPOSSIBLE = errorKind("bootstrap_impossible", {
  status: 422,
  summary: "An agent cannot run on a machine as it is.",
  remedy: "Read the message: it names what is missing.",
});

export const BOOTSTRAP_NAME_TAKEN = errorKind("bootstrap_name_taken", {
  status: 409,
  summary: "A machine cannot join under a name that another machine has.",
  remedy:
    "Give it a name of its own in the catalogue (`name`), or revoke the node that has it: gantry node revoke NAME.",
});

export const BOOTSTRAP_NOT_CONNECTED = errorKind("bootstrap_not_connected", {
  status: 504,
  summary: "An agent was started on a machine, and has not connected to the server.",
  remedy:
    "Look at what the agent says there: journalctl -u gantry-agent, or agent.log in its folder. --server says how machines reach the server.",
});
