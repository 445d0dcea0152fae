import { errorKind } from "../kernel/errors.ts";

export const SERVER_NOT_RUNNING = errorKind("server_not_running", {
  status: 503,
  summary: "No server answers on the socket of this data folder.",
  remedy: "Start one with `gantry server start`, or name another data folder with --data or GANTRY_DATA.",
});

export const SERVER_DID_NOT_START = errorKind("server_did_not_start", {
  status: 503,
  summary: "The server in the background ended, or did not answer, before it was ready.",
  remedy: "Look into the log named in the message; `gantry server` runs it in the foreground.",
});

export const CONFIRMATION_NEEDED = errorKind("confirmation_needed", {
  status: 409,
  summary: "The plan destroys something, and nobody is there to be asked.",
  remedy: "Read the plan, then run the same command with --yes.",
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

export const ANSWER_NOT_UNDERSTOOD = errorKind("answer_not_understood", {
  status: 502,
  summary: "The server answered with something that is not JSON, or the connection broke within the answer.",
  remedy: "Check that the server is of the same version: `gantry server status`.",
});

export const EXEC_FAILED = errorKind("exec_failed", {
  status: 500,
  summary: "A command failed on at least one node.",
  remedy: "The lines above name the nodes and their exit codes.",
});
