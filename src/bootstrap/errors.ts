import { errorKind } from "../kernel/errors.ts";

export const UNIT_NOT_WRITABLE = errorKind("unit_not_writable", {
  status: 403,
  summary: "A unit of systemd cannot be written.",
  remedy: "Run the command as root, write a unit of your own with --user, or print it with --stdout.",
});
