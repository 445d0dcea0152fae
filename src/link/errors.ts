import { errorKind } from "../kernel/errors.ts";

export const LINK_MESSAGE_MALFORMED = errorKind("link_message_malformed", {
  status: 400,
  summary: "A worker, an agent or the server sent something over the link that is not a message of the link.",
  remedy:
    "The connection is closed and made again. When it goes on, the two ends are of different versions: update the older one.",
});

export const LINK_MESSAGE_TOO_LARGE = errorKind("link_message_too_large", {
  status: 413,
  summary: "A message or frame on the link is larger than its limit.",
  remedy: "Send large content as a file (ADD, or a template), not inside the parameters or the result of a function.",
});

export const LINK_VERSION_UNSUPPORTED = errorKind("link_version_unsupported", {
  status: 400,
  summary: "A worker or an agent speaks a version of the link's messages that the server does not know.",
  remedy: "Update the older of the two.",
});

export const LINK_PROOF_WRONG = errorKind("link_proof_wrong", {
  status: 401,
  summary: "Somebody claimed to be a worker or an agent and could not prove it with its key.",
  remedy: "Let the machine join again with a new join token.",
});

export const LINK_SUPERSEDED = errorKind("link_superseded", {
  status: 409,
  summary: "The same worker or agent connected a second time, so its older connection was closed.",
  remedy: "Make sure that no copy of its state folder is in use elsewhere; let the copy join with a token of its own.",
});

export const LINK_SILENT = errorKind("link_silent", {
  status: 504,
  summary: "The other end of a link gave no sign of life for several heartbeats.",
  remedy:
    "Nothing to do when it passes: the connection is made again. Otherwise look at the machine and the network between.",
});

export const LINK_UNREACHABLE = errorKind("link_unreachable", {
  status: 502,
  summary: "A worker or an agent could not reach the server.",
  remedy:
    "Check the address, the network and the proxy settings; --transport poll gets through proxies that refuse WebSocket.",
});

export const LINK_PIN_MISMATCH = errorKind("link_pin_mismatch", {
  status: 502,
  summary: "The server that answered is not the one the join token was made by.",
  remedy: "Check the address. If the server got a new certificate authority, make a new join token.",
});

export const LINK_STOPPING = errorKind("link_stopping", {
  status: 503,
  summary: "The other end of a link is stopping.",
  remedy: "Nothing: the connection is made again when it is back.",
});

export const JOIN_TOKEN_MALFORMED = errorKind("join_token_malformed", {
  status: 400,
  summary: "A text that should be a join token is not one.",
  remedy: "A join token looks like gantry-join-…; copy it whole, or make a new one.",
});

export const JOIN_REFUSED = errorKind("join_refused", {
  status: 401,
  summary: "The server did not let a worker or an agent join.",
  remedy: "Make a new join token.",
});

export const FUNCTION_NOT_UNDOABLE = errorKind("function_not_undoable", {
  status: 501,
  summary: "A worker or agent was to take back what a function did, and its version of the function cannot.",
  remedy: "Take it back by hand, or start a worker of a version that can before cancelling the job.",
});

export const SHARED_KEY_DIFFERS = errorKind("shared_key_differs", {
  status: 401,
  summary: "The server and an agent that wants to join were not given the same shared key.",
  remedy: "Compare GANTRY_SHARED_KEY (or `shared_key` in the configuration file) on both machines.",
});

export const SERVER_ADDRESS_WRONG = errorKind("server_address_wrong", {
  status: 400,
  summary: "A text that should be the address of a server is not one.",
  remedy:
    "Write a name or an address, with a port where it is not 7411: gantry.example.org, 192.0.2.7:7411, https://[2001:db8::7]:7411.",
});
