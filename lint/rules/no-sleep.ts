import {
  child,
  children,
  type Context,
  isNode,
  nameOf,
  type Node,
  pathInRepository,
  type Rule,
  textOf,
  type Visitor,
} from "../rule.ts";

/**
 * A test waits on a state, never for a time: a sleep is too short on a busy machine and too long on all others. A deadline
 * (`setTimeout(() => reject(…))`) is no sleep, nor is a pause in a loop that looks at the state again.
 */
export const noSleep: Rule = { create };

function create(context: Context): Visitor {
  const path = pathInRepository(context.filename);
  if (!/\.(test|suite)\.ts$/.test(path)) return {};

  /** What `setTimeout` of node:timers/promises is called here. */
  const sleeping = new Set<string>();

  function report(node: Node): void {
    context.report({ node, message: "a test waits on a state, not for a time" });
  }

  return {
    ImportDeclaration(node) {
      if (!/^(node:)?timers\/promises$/.test(textOf(child(node, "source")) ?? "")) return;
      for (const one of children(node, "specifiers")) {
        if (nameOf(child(one, "imported")) === "setTimeout") sleeping.add(nameOf(child(one, "local")) ?? "");
      }
    },
    CallExpression(node) {
      if (sleeping.has(nameOf(child(node, "callee")) ?? "") && !inLoop(node)) report(node);
    },
    NewExpression(node) {
      if (nameOf(child(node, "callee")) !== "Promise") return;
      const [executor] = children(node, "arguments");
      const resolve = executor === undefined ? undefined : nameOf(children(executor, "params")[0]);
      if (executor !== undefined && resolve !== undefined && sleeps(executor, resolve) && !inLoop(node)) report(node);
    },
    MemberExpression(node) {
      if (nameOf(child(node, "object")) === "Atomics" && nameOf(child(node, "property")) === "wait") report(node);
    },
  };
}

function inLoop(node: Node): boolean {
  const parent = child(node, "parent");
  if (parent === undefined || parent.type.includes("Function")) return false;
  return /^(While|DoWhile|For|ForOf|ForIn)Statement$/.test(parent.type) || inLoop(parent);
}

/** Whether a timer is what resolves the promise. */
function sleeps(node: Node, resolve: string): boolean {
  if (node.type === "CallExpression" && nameOf(child(node, "callee")) === "setTimeout") {
    const [callback] = children(node, "arguments");
    if (callback !== undefined && (nameOf(callback) === resolve || calls(callback, resolve))) return true;
  }
  return below(node).some((one) => sleeps(one, resolve));
}

function calls(node: Node, name: string): boolean {
  if (node.type === "CallExpression" && nameOf(child(node, "callee")) === name) return true;
  return below(node).some((one) => calls(one, name));
}

function below(node: Node): readonly Node[] {
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === "parent") return [];
    return isNode(value) ? [value] : children(node, key);
  });
}
