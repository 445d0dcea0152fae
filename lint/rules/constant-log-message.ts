import { child, children, type Context, dottedName, type Node, type Rule, type Visitor } from "../rule.ts";

/**
 * Log messages are constant, so that they can be searched and counted; what varies is a field:
 * `log.info({ job: job.id }, "job started")`.
 */
export const constantLogMessage: Rule = { create };

const LOGS = /(^|[.#])(log|logger)$/i;
const LEVELS = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);

function create(context: Context): Visitor {
  return {
    CallExpression(node) {
      const callee = dottedName(child(node, "callee"))?.split(".") ?? [];
      const level = callee.pop() ?? "";
      if (!LEVELS.has(level) || !LOGS.test(callee.join("."))) return;
      for (const value of children(node, "arguments")) {
        if (varies(value)) {
          context.report({ node: value, message: "a log message is constant; put what varies into a field before it" });
        }
      }
    },
  };
}

function varies(value: Node): boolean {
  if (value.type === "TemplateLiteral") return children(value, "expressions").length > 0;
  return value.type === "BinaryExpression" && value["operator"] === "+";
}
