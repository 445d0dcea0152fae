import { errorKind } from "../../kernel/errors.ts";

export const PACKAGE_UNKNOWN = errorKind("package_unknown", {
  status: 404,
  summary: "The node's package manager knows no package of that name or version, even with a new index.",
  remedy: "Check the name, the version, and the sources of packages on the node.",
});

export const PACKAGES_LOCKED = errorKind("packages_locked", {
  status: 409,
  summary: "Another package manager was at work on the node all the time.",
  remedy: "Try again later, or wait longer: `--lock-seconds 1800`.",
});
