import { errorKind } from "../../kernel/errors.ts";

export const TEST_FAILED = errorKind("test_failed", {
  status: 502,
  summary: "A pretended foundation failed, as its attributes asked for.",
  remedy: "Nothing is broken: lower failure_rate, or let the job try again.",
});
