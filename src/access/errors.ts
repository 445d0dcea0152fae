import { errorKind } from "../kernel/errors.ts";

export const UNAUTHENTICATED = errorKind("unauthenticated", {
  status: 401,
  summary: "The request carries no credential, or one that is not valid.",
  remedy:
    "Send `Authorization: Bearer TOKEN` with a token of an account (`gantry token create`) or the one in the file `admin.token` of the server's data folder, or use the server's Unix socket.",
});

export const TOKEN_FILE_UNUSABLE = errorKind("token_file_unusable", {
  status: 500,
  summary: "The file with the administrator's token cannot be read or written, or does not hold a token.",
  remedy:
    "Make `admin.token` in the data folder readable for the server's user, or remove it: the next start writes a new one.",
});

export const SCOPE_EXCEEDED = errorKind("scope_exceeded", {
  status: 403,
  summary: "The token of a structure was used for something that it does not open.",
  remedy:
    "Use it for `/v1/structures/NAME/members` of the structure it was issued for, and for `/v1/boot/configuration` and its like; for all else use the token of an account.",
});

export const FORBIDDEN = errorKind("forbidden", {
  status: 403,
  summary: "Who asks is known, but may not do what was asked.",
  remedy:
    "`gantry whoami` lists the roles of an account. An administrator of the tenant can bind a role that holds the permission: docs/access.md.",
});

export const TENANT_NEEDED = errorKind("tenant_needed", {
  status: 400,
  summary: "The request names no tenant, and who asks has rights in several.",
  remedy: "Name it: `--tenant NAME`, or the header `Gantry-Tenant`.",
});

export const ACCOUNT_UNKNOWN = errorKind("account_unknown", {
  status: 404,
  summary: "There is no such account, or it may not be seen from this tenant.",
  remedy: "`gantry account list` shows those there are.",
});

export const ACCOUNT_INVALID = errorKind("account_invalid", {
  status: 400,
  summary: "The name, the kind or another member of an account is not one that can be kept.",
  remedy: "The message says what is wrong; docs/access.md says what an account may be.",
});

export const ACCOUNT_NAME_TAKEN = errorKind("account_name_taken", {
  status: 409,
  summary: "There is an account of this name already: people are known in every tenant.",
  remedy: "Choose another name, or use the account that is there.",
});

export const ACCOUNT_NEEDED = errorKind("account_needed", {
  status: 409,
  summary: "Who asks is no account and so can have no tokens: the administrator has the one in the data folder.",
  remedy: "Name an account: `gantry token create NAME --account ACCOUNT`.",
});

export const TOKEN_UNKNOWN = errorKind("token_unknown", {
  status: 404,
  summary: "The account has no such token, or it was revoked.",
  remedy: "`gantry token list` shows those there are.",
});

export const TOKEN_INVALID = errorKind("token_invalid", {
  status: 400,
  summary: "A token that was asked for would last too long, or names a permission that there is not.",
  remedy: "The message says what is possible.",
});

export const RIGHTS_EXCEEDED = errorKind("rights_exceeded", {
  status: 403,
  summary: "Who asks would give more than he holds himself: a permission, a place, or a time.",
  remedy: "Give less, or ask somebody who holds what is missing. `gantry whoami` lists what you hold.",
});

export const ROLE_UNKNOWN = errorKind("role_unknown", {
  status: 404,
  summary: "There is no such role in the tenant.",
  remedy: "`gantry role list` shows those there are.",
});

export const ROLE_INVALID = errorKind("role_invalid", {
  status: 400,
  summary: "The name or the permissions of a role are not ones that can be kept, or it is a built-in one.",
  remedy: "The message says what is wrong; docs/access.md lists the permissions.",
});

export const ROLE_NAME_TAKEN = errorKind("role_name_taken", {
  status: 409,
  summary: "The tenant has a role of this name already.",
  remedy: "Choose another name, or change the one there is.",
});

export const ROLE_IN_USE = errorKind("role_in_use", {
  status: 409,
  summary: "The role is bound: whoever holds it would lose it without being named.",
  remedy: "`gantry binding list --role NAME` shows by whom; delete these bindings first.",
});

export const BINDING_UNKNOWN = errorKind("binding_unknown", {
  status: 404,
  summary: "There is no such role binding, or it may not be seen.",
  remedy: "`gantry binding list` shows those there are.",
});

export const BINDING_INVALID = errorKind("binding_invalid", {
  status: 400,
  summary: "The subject or the scope of a role binding does not fit together with its role.",
  remedy: "The message says what is wrong; docs/access.md says what may be bound where.",
});

export const SCOPE_UNKNOWN = errorKind("scope_unknown", {
  status: 404,
  summary: "A role was to be bound at a site or in a group that is not there, or may not be seen.",
  remedy: "List what there is: `gantry get sites`, `gantry get groups`.",
});

export const BINDING_EXISTS = errorKind("binding_exists", {
  status: 409,
  summary: "This role is bound to this subject at this scope already.",
  remedy: "Nothing is to be done.",
});

export const SERVER_FILE_FORBIDDEN = errorKind("server_file_forbidden", {
  status: 403,
  summary: "The settings name files or folders of the server's machine, and who asks does not manage the server.",
  remedy:
    "Ask somebody with the role admin on the whole server to set it. Whatever names no file, and what is left as it is, may be changed without it.",
});
