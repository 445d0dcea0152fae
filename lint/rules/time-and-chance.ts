import { positionOf } from "../layout.ts";
import {
  child,
  children,
  type Context,
  dottedName,
  nameOf,
  pathInRepository,
  type Rule,
  type Visitor,
} from "../rule.ts";

/** Time, randomness and ids come from the kernel, so that a test can hold them still. */
export const timeAndChance: Rule = { create };

/** `performance.now` is not among them: a process that waits for another one measures how long it really takes. */
const CALLS = new Set(["Date.now", "Math.random"]);

function create(context: Context): Visitor {
  const here = positionOf(pathInRepository(context.filename));
  if (here === undefined || here.test || here.room === "kernel") return {};
  const message =
    "take time, randomness and ids from the kernel (Clock, Random, newId), so that a test can hold them still";
  return {
    CallExpression(node) {
      if (CALLS.has(dottedName(child(node, "callee")) ?? "")) context.report({ node, message });
    },
    NewExpression(node) {
      const now = nameOf(child(node, "callee")) === "Date" && children(node, "arguments").length === 0;
      if (now) context.report({ node, message });
    },
  };
}
