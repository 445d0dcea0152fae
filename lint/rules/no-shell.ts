import { child, children, type Context, nameOf, type Node, type Rule, textOf, type Visitor } from "../rule.ts";

/** Programs are started with a list of arguments, never by a shell that takes a text apart. */
export const noShell: Rule = { create };

const TAKES_A_SHELL = new Set(["exec", "execSync"]);

function create(context: Context): Visitor {
  const namespaces = new Set<string>();

  function imported(node: Node): void {
    if (!/^(node:)?child_process$/.test(textOf(child(node, "source")) ?? "")) return;
    for (const specifier of children(node, "specifiers")) {
      const name = nameOf(child(specifier, "imported")) ?? "";
      const local = nameOf(child(specifier, "local")) ?? "";
      if (specifier.type !== "ImportSpecifier") namespaces.add(local);
      else if (TAKES_A_SHELL.has(name)) report(specifier, name);
    }
  }

  function member(node: Node): void {
    const property = nameOf(child(node, "property")) ?? textOf(child(node, "property")) ?? "";
    if (namespaces.has(nameOf(child(node, "object")) ?? "") && TAKES_A_SHELL.has(property)) report(node, property);
  }

  function option(node: Node): void {
    const key = nameOf(child(node, "key")) ?? textOf(child(node, "key"));
    const value = child(node, "value", "Literal");
    const on = value?.["value"] === true || typeof value?.["value"] === "string";
    if (key === "shell" && on)
      context.report({ node, message: "start programs with a list of arguments, without a shell" });
  }

  function report(node: Node, name: string): void {
    context.report({ node, message: `${name} runs a shell; use execFile or spawn with a list of arguments` });
  }

  return { ImportDeclaration: imported, MemberExpression: member, Property: option };
}
