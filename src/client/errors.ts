import { errorKind } from "../kernel/errors.ts";

export const SERVER_NOT_RUNNING = errorKind("server_not_running", {
  status: 503,
  summary: "No server answers on the socket of this data folder.",
  remedy: "Start one with `gantry server start`, or name another data folder with --data or GANTRY_DATA.",
});

export const SERVER_UNREACHABLE = errorKind("server_unreachable", {
  status: 503,
  summary: "The server cannot be reached under its URL, or is not the one whose authority is trusted.",
  remedy: "Check the URL (`gantry server status`), and that the authority is the server's own `tls/ca.pem`.",
});

export const ANSWER_NOT_UNDERSTOOD = errorKind("answer_not_understood", {
  status: 502,
  summary: "The server answered with something that is not JSON, or the connection broke within the answer.",
  remedy: "Check that the server is of the same version: `gantry server status`.",
});

export const CLIENT_ADDRESS_INVALID = errorKind("client_address_invalid", {
  status: 400,
  summary: "A client was made without a server to ask, or with an address that cannot be used.",
  remedy: "Give `socket`, `dataFolder`, or `url` (https) together with `token`.",
});

export const CLIENT_CALL_INVALID = errorKind("client_call_invalid", {
  status: 400,
  summary: "A method of the client was called with parameters it does not take.",
  remedy: "Give the names in the path first, then the body, then the options.",
});
