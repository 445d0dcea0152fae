import { errorKind } from "../../kernel/errors.ts";

export const ACCOUNT_REFUSED = errorKind("account_refused", {
  status: 409,
  summary:
    "A user or group cannot be made as it was asked for: a number is taken, a group is missing, or the node's tools cannot do it.",
  remedy: "Read the message; make missing groups first with GROUP, and choose numbers that are free.",
});
