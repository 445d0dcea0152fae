import { errorKind } from "../kernel/errors.ts";

export const VARIABLE_NAME_INVALID = errorKind("variable_name_invalid", {
  status: 422,
  summary: "A key among variables is not [OPERATOR]NAME[:CLASS], or its name is reserved.",
  remedy:
    "A name starts with a letter or a digit and goes on with letters, digits, _ and -. Operators are < > - ~. Names that start with _ are Gantry's own.",
});

export const VARIABLE_TYPE_CONFLICT = errorKind("variable_type_conflict", {
  status: 422,
  summary: "An operator of a variable does not fit the value it would change.",
  remedy:
    "Put maps before or behind maps, texts and numbers before or behind texts, anything into lists; or set the value without an operator.",
});
