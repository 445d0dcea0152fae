import { errorKind } from "../../kernel/errors.ts";

export const LOGIN_REFUSED = errorKind("login_refused", {
  status: 401,
  summary: "The name or the password is wrong, or the account may not log in.",
  remedy:
    "Try again with the right ones. Who manages the server sees in the audit why it was refused: `gantry audit list --server --action login.failed`.",
});

export const LOGIN_WAIT = errorKind("login_wait", {
  status: 429,
  summary: "Too many logins with this name failed from this address: the next one has to wait.",
  remedy: "Wait as long as the message says. Tokens, and logins from other addresses, are not held up.",
});

export const LOGIN_BUSY = errorKind("login_busy", {
  status: 429,
  summary: "More passwords are to be checked than the server checks at once.",
  remedy: "Try again in a moment.",
});

export const LOGIN_UNAVAILABLE = errorKind("login_unavailable", {
  status: 503,
  summary: "The directory or the issuer that proves who somebody is cannot be asked.",
  remedy:
    "Local passwords and tokens go on working. The server's log says what is wrong; docs/login.md lists the settings.",
});

export const LOGIN_WAY_MISSING = errorKind("login_way_missing", {
  status: 404,
  summary: "This server is not set up for this way to log in.",
  remedy: "Log in with a name and a password, or set the server up for the other way: docs/login.md.",
});

export const LOGIN_FLOW_UNKNOWN = errorKind("login_flow_unknown", {
  status: 401,
  summary: "The login by an issuer was not begun here, has ended, took too long, or belongs to somebody else.",
  remedy: "Begin the login anew, and end it within ten minutes.",
});

export const ID_TOKEN_REFUSED = errorKind("id_token_refused", {
  status: 401,
  summary: "What the issuer, or somebody in its name, sent as a proof of who logs in is not one.",
  remedy:
    "Begin the login anew. When it happens again, compare the issuer, the client id and the clock of the server with the issuer's.",
});

export const PASSWORD_INVALID = errorKind("password_invalid", {
  status: 400,
  summary: "A password cannot be set: it is too short, too long or the account's name, or the account has none here.",
  remedy: "The message says what is wrong; docs/login.md says what a password may be.",
});

export const OLD_PASSWORD_WRONG = errorKind("old_password_wrong", {
  status: 403,
  summary: "Who changes the own password has to give the one there was, and did not.",
  remedy: "Give it. Who has forgotten it asks somebody who manages the server to set another one.",
});

export const SESSION_NEEDED = errorKind("session_needed", {
  status: 409,
  summary: "Who asks has no session to end: the request came with another token, or with none.",
  remedy: "Tokens that were made by `gantry token create` are ended by `gantry token revoke`.",
});
