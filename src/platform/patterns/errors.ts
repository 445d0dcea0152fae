import { errorKind } from "../../kernel/errors.ts";

export const PATTERN_WRONG = errorKind("pattern_wrong", {
  status: 422,
  summary: "A regular expression cannot be read.",
  remedy: "Write it as JavaScript does with the flag `u`: the message says what is wrong with it.",
});

export const PATTERN_TOO_SLOW = errorKind("pattern_too_slow", {
  status: 422,
  summary: "A regular expression or a pattern for files takes too long, or too much memory, and was ended.",
  remedy:
    "Write it without repetitions within repetitions, like `(a+)+`, and without alternatives that begin alike; name files in fewer braces.",
});
