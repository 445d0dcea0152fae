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

export const PROGRAM_MISSING = errorKind("program_missing", {
  status: 422,
  summary: "A program that a driver works with is not installed on the worker's machine.",
  remedy: "Install it there; docs/drivers.md names the Debian packages of each driver.",
});

export const PROGRAM_LATE = errorKind("program_late", {
  status: 504,
  summary: "A program that a driver works with did not end in time, and was killed.",
  remedy: "Look at what it waits for (a disk, a network, a BMC), then run the same again.",
});
