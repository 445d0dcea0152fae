import { errorKind } from "../kernel/errors.ts";

export const HARDWARE_INVALID = errorKind("hardware_invalid", {
  status: 422,
  summary:
    "The hardware a blueprint asks for is not written as such: a key that does not exist, or a value of another sort.",
  remedy: "Correct the named place; docs/blueprints.md lists what can be asked for.",
});
