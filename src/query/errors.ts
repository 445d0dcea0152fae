import { errorKind } from "../kernel/errors.ts";

export const QUESTION_INVALID = errorKind("question_invalid", {
  summary: "The question names something in a way that is not understood.",
  remedy:
    "Name things as KIND:NAME, for example `foundation:rack1-7`. Kinds are site, network, address_block, complex, dependency, foundation and structure.",
  status: 400,
});
