export { argFunction } from "./apply.ts";
export { parseArg } from "./model.ts";
export { hasExpressions, renderArguments } from "./render.ts";
export { type Arguments, openArguments } from "./store.ts";
