import { errorKind } from "../../kernel/errors.ts";

export const SELINUX_OFF = errorKind("selinux_off", {
  status: 409,
  summary: "SECONTEXT was asked of a node on which SELinux is not enabled.",
  remedy: "Leave such nodes out, or switch SELinux on there. `getenforce` on the node says how it stands.",
});
