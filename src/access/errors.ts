import { errorKind } from "../kernel/errors.ts";

export const UNAUTHENTICATED = errorKind("unauthenticated", {
  status: 401,
  summary: "The request carries no credential, or one that is not valid.",
  remedy:
    "Send `Authorization: Bearer TOKEN` with the token from the file `admin.token` in the server's data folder, or use the server's Unix socket.",
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
    "Use it for `/v1/structures/NAME/members` of the structure it was issued for; for all else use an administrator's token.",
});

export const FORBIDDEN = errorKind("forbidden", {
  status: 403,
  summary: "Who asks may see this, but not do what was asked.",
  remedy:
    "`gantry whoami` lists the roles of an account. An administrator of the tenant can bind a role that holds the permission: docs/access.md.",
});

export const TENANT_NEEDED = errorKind("tenant_needed", {
  status: 400,
  summary: "The request names no tenant, and who asks has rights in several.",
  remedy: "Name it: `--tenant NAME`, or the header `Gantry-Tenant`.",
});
