import { errorKind, GantryError } from "../kernel/errors.ts";

export const JOIN_TOKEN_WRONG = errorKind("join_token_wrong", {
  status: 401,
  summary: "The server knows no such join token, or it is for something else (an agent's token for a worker).",
  remedy: "Make a new one: gantry join-token create.",
});

export const JOIN_TOKEN_USED = errorKind("join_token_used", {
  status: 401,
  summary: "The join token has been used already: each is good for one worker or agent.",
  remedy: "Make a new one. If you did not use it, somebody else did: look at gantry get nodes for one you do not know.",
});

export const JOIN_TOKEN_EXPIRED = errorKind("join_token_expired", {
  status: 401,
  summary: "The join token is too old.",
  remedy: "Make a new one: gantry join-token create.",
});

export const SHARED_KEY_OFF = errorKind("shared_key_off", {
  status: 403,
  summary: "An agent wants to join by a shared key, and the server was given none.",
  remedy:
    "Give the server the key (GANTRY_SHARED_KEY, or `shared_key` in its configuration file), or join with a token.",
});

export const SHARED_KEY_WRONG = errorKind("shared_key_wrong", {
  status: 401,
  summary: "An agent wants to join by a shared key, and has another than the server.",
  remedy: "Compare GANTRY_SHARED_KEY (or `shared_key` in the configuration file) on both machines.",
});

export const SHARED_CHALLENGE_STALE = errorKind("shared_challenge_stale", {
  status: 503,
  summary: "An agent that joins by a shared key took too long, or reached another server in between.",
  remedy: "Nothing: it tries again by itself.",
});

export const EXECUTOR_UNKNOWN = errorKind("executor_unknown", {
  status: 404,
  summary: "The server knows no such worker or agent: it never joined here, or was removed.",
  remedy: "`gantry get nodes` lists those it knows. Let this one join with a new join token.",
});

export const EXECUTOR_REVOKED = errorKind("executor_revoked", {
  status: 401,
  summary: "A worker or an agent came with a key that was revoked: nothing lets this key in again.",
  remedy:
    "If the machine is yours again, remove the agent's state folder, so that it makes a key anew, and let it join with a new token.",
});

export const EXECUTOR_EMBEDDED = errorKind("executor_embedded", {
  status: 409,
  summary: "The worker inside the server cannot be revoked or forgotten: it is the server itself.",
  remedy: "Stop the server, if that is what you want.",
});

export const EXECUTOR_CONNECTED = errorKind("executor_connected", {
  status: 409,
  summary: "A node that is connected cannot be forgotten: it would only be refused from then on.",
  remedy: "Stop its agent or worker first, or revoke it.",
});

export const JOIN_TOKEN_UNKNOWN = errorKind("join_token_unknown", {
  status: 404,
  summary: "There is no join token of this id: it never was, was revoked, or expired a week ago.",
  remedy: "List them: gantry join-token list.",
});

export const EXECUTOR_NAME_TAKEN = errorKind("executor_name_taken", {
  status: 409,
  summary: "Another worker or agent has that name.",
  remedy: "Join under another name, or remove the other one first.",
});

export const EXECUTOR_REQUEST_WRONG = errorKind("executor_request_wrong", {
  status: 401,
  summary:
    "A request that only a worker or an agent of this server may make has no proof, a wrong one, or one that is too old.",
  remedy: "Check the clock of the machine it came from.",
});

export const NOT_CONNECTED = errorKind("executor_not_connected", {
  status: 503,
  summary: "The worker or agent that should answer is not connected to the server.",
  remedy: "See gantry get nodes; start it, or look at its log.",
});

export const NO_ANSWER = errorKind("executor_no_answer", {
  status: 504,
  summary: "A worker or an agent was asked something and did not answer in time.",
  remedy: "Look at its log and at the load of its machine.",
});

export const ANSWER_FAILED = errorKind("executor_answer_failed", {
  status: 502,
  summary: "A worker or an agent was asked something and answered with an error.",
  remedy: "Read the message: it is the error of the function that was asked.",
});

export const CONTENT_UNKNOWN = errorKind("content_unknown", {
  status: 404,
  summary: "The server holds no content of that hash.",
  remedy: "Send the file again.",
});

export const CONTENT_WRONG = errorKind("content_wrong", {
  status: 422,
  summary: "The bytes that came are not those their hash stands for.",
  remedy: "Send the file again; it changed while it was being sent, or was damaged on the way.",
});

export const CONTENT_UPLOAD_ELSEWHERE = errorKind("content_upload_elsewhere", {
  status: 409,
  summary: "An upload does not go on where the server has stopped to receive it.",
  remedy: "Go on behind the bytes that `received` names; if it is null, try again when the other request has ended.",
});

export const CONTENT_UPLOADS_FULL = errorKind("content_uploads_full", {
  status: 507,
  summary: "So much of a tenant is being sent, or was begun and not brought to its end, that the server takes no more.",
  remedy: "Go on with uploads that broke off, or wait: what nobody goes on with is removed after a day.",
});

export const CONTENT_TOO_LARGE = errorKind("content_too_large", {
  status: 413,
  summary: "A file is larger than the server keeps.",
  remedy: "Let the node fetch it from elsewhere, with RUN.",
});

export const SITE_NAME_UNKNOWN = errorKind("join_site_unknown", {
  status: 400,
  summary: "A join token was asked for, or a worker wants to join, for a site that does not exist.",
  remedy: "List the sites with gantry get sites.",
});

export const JOIN_SITE_CONTRADICTS = errorKind("join_site_contradicts", {
  status: 409,
  summary: "A worker wants to join for a site that its join token does not reach: another one, or one above.",
  remedy: "Leave --site out, name the token's site or one below it, or make a token for that site.",
});

export const EXECUTOR_NO_WORKER = errorKind("executor_no_worker", {
  status: 409,
  summary:
    "Only workers are drained, and this node is an agent: its tasks are its machine's own, and nobody else can do them.",
  remedy: "Pause or cancel its jobs, or shut it out: gantry node revoke.",
});

export const NODE_NOT_UPGRADABLE = errorKind("node_not_upgradable", {
  status: 409,
  summary: "A worker, or an agent without a folder of its own, was to upgrade itself.",
  remedy:
    "Upgrade what it runs with: the server for agents in its containers, the image, or the package. Agents that `gantry bootstrap` installs upgrade themselves.",
});

export const AUTHORITY_UNKNOWN = errorKind("authority_unknown", {
  status: 404,
  summary: "The server has no certificate authority of this fingerprint, or has it no more.",
  remedy: "Make a new join token: it carries the fingerprint of the present authority.",
});

export const LISTS_UNKNOWN = errorKind("executor_lists_unknown", {
  status: 409,
  summary: "The worker or agent is of a version that does not know lists of verbs, and would have misread this one.",
  remedy: "Upgrade it, then start the run again.",
});

/** What there is not, and what may not be seen. */
export function unknownNode(idOrName: string): GantryError {
  return new GantryError(EXECUTOR_UNKNOWN, `there is no node ${idOrName}`);
}
