import { errorKind } from "../../kernel/errors.ts";

export const REBOOT_FAILED = errorKind("reboot_failed", {
  status: 500,
  summary: "A node was asked to reboot, and did not go down in time.",
  remedy: "Look at what keeps it up on the node, or give it longer: `--timeout 1800`.",
});
