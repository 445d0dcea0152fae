import { errorKind } from "../kernel/errors.ts";

export const SERVER_DID_NOT_START = errorKind("server_did_not_start", {
  status: 503,
  summary: "The server in the background ended, or did not answer, before it was ready.",
  remedy: "Look into the log named in the message; `gantry server` runs it in the foreground.",
});

export const CONFIRMATION_NEEDED = errorKind("confirmation_needed", {
  status: 409,
  summary: "Something would be destroyed, and nobody is there to be asked.",
  remedy: "Read what would happen, then run the same command with --yes.",
});

export const BUILD_FAILED = errorKind("build_failed", {
  status: 500,
  summary: "At least one structure could not be built, changed or destroyed.",
  remedy: "Look at the job named beside it with `gantry job log ID`, mend the cause, and run the same command again.",
});

export const USAGE = errorKind("usage", {
  status: 400,
  summary: "The command line is not one Gantry knows.",
  remedy: "`gantry --help` lists the commands, `gantry COMMAND --help` the options of one.",
});

export const SHELL_CODE_FAILED = errorKind("shell_code_failed", {
  status: 500,
  summary: "Code that was given to `gantry shell` is no JavaScript, or threw an error of its own.",
  remedy:
    "Mend the code at the place that is named; `gantry.` and a tab list what there is in the shell on a terminal.",
});

export const EXEC_FAILED = errorKind("exec_failed", {
  status: 500,
  summary: "A command failed on at least one node.",
  remedy: "The lines above name the nodes and their exit codes.",
});

export const OUTPUT_BROKEN_OFF = errorKind("output_broken_off", {
  status: 503,
  summary: "The server stopped while it told what the nodes of a run write.",
  remedy: "The run goes on when the server does. To see it then: `gantry run output RUN`.",
});

export const OUTPUT_FILE_UNUSABLE = errorKind("output_file_unusable", {
  status: 409,
  summary: "The file to write is there already, or cannot be written.",
  remedy: "Name a file that does not exist yet, in a folder that you may write to. Nothing was replaced.",
});

export const ENDPOINT_UNKNOWN = errorKind("endpoint_not_known", {
  status: 409,
  summary: "No server of this name was logged in to, or nobody is logged in to it any more.",
  remedy: "`gantry use` lists those there are; `gantry login NAME --url https://…` adds one.",
});

export const ENDPOINTS_INVALID = errorKind("endpoints_invalid", {
  status: 409,
  summary: "The file with the endpoints is not one that this program has written.",
  remedy: "Mend it, or remove it and log in again: docs/login.md shows what is in it.",
});

export const SERVER_NOT_TRUSTED = errorKind("server_not_trusted", {
  status: 409,
  summary:
    "The server shows a certificate of an authority that this machine does not know, and nobody said to trust it.",
  remedy:
    "Give the server's `tls/ca.pem` with --ca FILE, or compare the fingerprint with the one its administrator tells you and give it with --fingerprint.",
});

export const LOGIN_NOT_ENDED = errorKind("login_not_ended", {
  status: 409,
  summary: "Nobody ended the login in a browser in time.",
  remedy: "Begin it anew, and open what is printed within ten minutes.",
});

export const FILE_CHANGED = errorKind("file_changed", {
  status: 409,
  summary: "A file was written to while it was being sent to the server.",
  remedy: "Send it again when nobody writes to it any more.",
});

export const NO_RUNS = errorKind("no_runs", {
  status: 404,
  summary: "Nothing was run on any node yet.",
  remedy: "Run something: `gantry exec uptime`.",
});

export const FILE_NOT_FETCHED = errorKind("file_not_fetched", {
  status: 500,
  summary: "A file that a node brought could not be written here.",
  remedy: "Look at the folder it goes to: whether it may be written, and what stands in the way.",
});
