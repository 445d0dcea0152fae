import { DOING_FILES, isPure, positionOf, PURE_NODE_MODULES, PURE_PACKAGES } from "../layout.ts";
import { type Context, forEachImport, importedPath, pathInRepository, type Rule, type Visitor } from "../rule.ts";

/** Deciding is pure, doing is not: a pure file imports nothing that does. */
export const pure: Rule = { create };

function create(context: Context): Visitor {
  const here = positionOf(pathInRepository(context.filename));
  if (here === undefined || !isPure(here)) return {};
  return forEachImport((specifier, node) => {
    if (doing(specifier, importedPath(context.filename, specifier))) {
      context.report({
        node,
        message: `${here.room}/${here.file}.ts is pure (lint/layout.ts) and may not import ${specifier}`,
      });
    }
  });
}

function doing(specifier: string, target: string): boolean {
  if (specifier.startsWith(".")) {
    const there = positionOf(target);
    return there?.room === "platform" || DOING_FILES.includes(there?.file.split("/").at(-1) ?? "");
  }
  if (specifier.startsWith("node:"))
    return !PURE_NODE_MODULES.includes(specifier.replace(/\/(posix|win32|strict)$/, ""));
  return !PURE_PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}
