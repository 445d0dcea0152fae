import { errorKind } from "../kernel/errors.ts";

export const FOUNDATION_ATTRIBUTES_INVALID = errorKind("foundation_attributes_invalid", {
  status: 422,
  summary: "The attributes of a foundation are not what its driver takes.",
  remedy: "Correct the attributes; docs/drivers.md lists them for each type of foundation.",
});

export const FOUNDATION_NOT_CREATED = errorKind("foundation_not_created", {
  status: 409,
  summary: "A foundation was to be started or looked into before it was created, or after it was removed by hand.",
  remedy: "Run `gantry up` again: the plan shows what is missing and builds it.",
});
