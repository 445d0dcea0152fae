import { errorKind } from "../../kernel/errors.ts";

export const SSH_HOST_UNKNOWN = errorKind("ssh_host_unknown", {
  status: 422,
  summary: "The host key of a machine is not known, so that nobody can say that it is the right machine.",
  remedy:
    "Compare the fingerprint in the message with the machine's own (ssh-keygen -lf), then give it as host_key, or add the key to known_hosts.",
});

export const SSH_HOST_DIFFERS = errorKind("ssh_host_differs", {
  status: 409,
  summary: "A machine shows another host key than the one that is known: it was made anew, or somebody is in between.",
  remedy: "Find out which. If the machine was made anew, put its new key in the place of the old one.",
});

export const SSH_KNOWN_HOSTS_WRONG = errorKind("ssh_known_hosts_wrong", {
  status: 422,
  summary: "What was given as a known host key is not one.",
  remedy: "Give a line of the machine's ssh_host_*_key.pub (type and key), or a fingerprint that begins with SHA256:.",
});

export const SSH_UNREACHABLE = errorKind("ssh_unreachable", {
  status: 504,
  summary: "No SSH server could be reached, or the connection to it was lost.",
  remedy: "Check the address, the port, and that the machine runs; net.wait_for_port waits for it.",
});

export const SSH_REFUSED = errorKind("ssh_refused", {
  status: 422,
  summary: "An SSH server let nobody in with this user and this password or key.",
  remedy: "Check the user, the secret, and what the server accepts; its log says why.",
});

export const SSH_NOT_SECRET = errorKind("ssh_not_secret", {
  status: 422,
  summary: "A password or a private key was given that is not kept as a secret.",
  remedy: "Put it into a secret (gantry secret set), and give the variable that refers to it.",
});

export const SSH_KEY_WRONG = errorKind("ssh_key_wrong", {
  status: 422,
  summary: "What was given as a private key is not one that can be used.",
  remedy: "Give it whole, in OpenSSH's or PEM form, with its passphrase when it has one.",
});

export const SSH_COMMAND_FAILED = errorKind("ssh_command_failed", {
  status: 502,
  summary: "A command that was run by SSH ended with an exit code that was not expected, or by a signal.",
  remedy: "Its output stands in the job's log; name further good exit codes by `codes`.",
});

export const SSH_FILE_FAILED = errorKind("ssh_file_failed", {
  status: 502,
  summary: "A file on a machine could not be read or written by SSH.",
  remedy: "The server's words stand in the message: check the path and the rights of the user.",
});

export const SSH_FILE_TOO_LARGE = errorKind("ssh_file_too_large", {
  status: 413,
  summary: "A file on a machine is larger than what a function can answer with.",
  remedy: "Read a part of it with ssh.execute, or fetch it by other means.",
});
