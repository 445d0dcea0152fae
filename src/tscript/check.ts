import type { ErrorKind, Problem } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { BUILTINS } from "./builtins.ts";
import {
  BLOCK_OPTION_TYPE,
  DUPLICATE_LABEL,
  MISSING_PARAMETER,
  OUTSIDE_LOOP,
  UNKNOWN_FUNCTION,
  UNKNOWN_LABEL,
  UNKNOWN_MODULE,
  UNKNOWN_PARAMETER,
  UNKNOWN_VALUE,
  VALUE_ACCESS,
} from "./errors.ts";
import type { AnyNode, BlockNode, CallNode, VariableNode } from "./model.ts";
import { byPlace, parse } from "./parse.ts";
import type { ScriptProblem } from "./parse.ts";
import type { Catalogue, ParameterDescription } from "./program-model.ts";
import type { TextPlace, TreePlaces } from "./places.ts";

/** What makes a script invalid, as the conformance data has it: at most what `parse` finds. */
export function lint(text: string, { file }: { readonly file: string }): readonly ScriptProblem[] {
  return parse(text, { file }).problems;
}

/**
 * Everything that is or will be wrong with a script, sorted by place: besides what makes it invalid also labels, parameters of the
 * built-in functions, statements that can never work, and, with a catalogue, modules, their functions, values and parameters.
 */
export function check(text: string, file: string, catalogue?: Catalogue): readonly Problem[] {
  const { ast, problems, doubts, partial, places } = parse(text, { file });
  const checker = new Checker(file, places, catalogue);
  checker.visit(partial, false);
  // A label may stand in a line that could not be read.
  if (ast !== null) checker.labels(partial);
  return [...problems, ...doubts, ...checker.problems].sort(byPlace);
}

class Checker {
  readonly problems: ScriptProblem[] = [];
  readonly #file: string;
  readonly #places: TreePlaces;
  readonly #catalogue: Catalogue | undefined;
  readonly #gotos: (AnyNode & { readonly type: "goto" })[] = [];

  constructor(file: string, places: TreePlaces, catalogue: Catalogue | undefined) {
    this.#file = file;
    this.#places = places;
    this.#catalogue = catalogue;
  }

  #add(kind: ErrorKind, at: TextPlace, subject: string, message: string, known: Iterable<string> = []): void {
    const near = nearest(subject, known);
    const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
    this.problems.push({ code: kind.code, message, where: { file: this.#file, ...at }, subject, ...hint });
  }

  labels(root: BlockNode): void {
    const known = new Set<string>();
    for (const statement of root.statements) {
      if (statement.type !== "label") continue;
      const { name } = statement;
      if (known.has(name))
        this.#add(DUPLICATE_LABEL, this.#places.of(statement), name, `the label "${name}" stands here again`);
      known.add(name);
    }
    for (const goto of this.#gotos) {
      const { label } = goto;
      if (!known.has(label))
        this.#add(UNKNOWN_LABEL, this.#places.of(goto), label, `there is no label "${label}"`, known);
    }
  }

  visit(node: AnyNode, inLoop: boolean): void {
    switch (node.type) {
      case "block":
        this.#options(node);
        for (const statement of node.statements) this.visit(statement, inLoop);
        return;
      case "while":
        this.visit(node.condition, inLoop);
        this.visit(node.body, true);
        return;
      case "if":
        for (const { condition, body } of node.branches) {
          this.visit(condition, inLoop);
          this.visit(body, inLoop);
        }
        if (node.else !== null) this.visit(node.else, inLoop);
        return;
      case "continue":
      case "break":
        if (!inLoop) this.#add(OUTSIDE_LOOP, this.#places.of(node), "", `"${node.type}" stands outside a loop`);
        return;
      case "goto":
        this.#gotos.push(node);
        return;
      case "assign":
        this.visit(node.value, inLoop);
        this.#target(node.target);
        return;
      case "variable":
        this.#value(node, "r");
        return;
      case "index":
        this.#value(node.of, "r");
        this.visit(node.index, inLoop);
        return;
      case "exists":
        if (node.of.type === "index") this.visit(node.of.index, inLoop);
        return;
      case "infix":
        this.visit(node.left, inLoop);
        this.visit(node.right, inLoop);
        return;
      case "not":
        this.visit(node.value, inLoop);
        return;
      case "array":
        for (const item of node.items) this.visit(item, inLoop);
        return;
      case "map":
        for (const entry of Object.values(node.entries)) this.visit(entry, inLoop);
        return;
      case "call":
        for (const arg of Object.values(node.args)) this.visit(arg, inLoop);
        this.#call(node);
        return;
      default:
        return;
    }
  }

  #target(target: (AnyNode & { readonly type: "assign" })["target"]): void {
    if (target.type === "variable") {
      this.#value(target, "w");
      return;
    }
    this.visit(target.index, false);
    const { module, name } = target.of;
    if (module === null) return;
    const message = `an element of ${module}.${name} cannot be set by itself`;
    this.#add(VALUE_ACCESS, this.#places.of(target), name, message);
  }

  #options(block: BlockNode): void {
    for (const [name, literal] of Object.entries(block.options)) {
      const wanted = name === "description" ? "a text" : "a time such as 1:30";
      const right =
        name === "description" ? literal.type === "string" : literal.type === "duration" || literal.type === "integer";
      if (right || !["description", "expected_time", "max_time"].includes(name)) continue;
      this.#add(BLOCK_OPTION_TYPE, this.#places.ofName(block.options, name), name, `"${name}" must be ${wanted}`);
    }
  }

  #value(node: VariableNode, wanted: "r" | "w"): void {
    if (node.module === null || this.#catalogue === undefined) return;
    const at = this.#places.of(node);
    const module = this.#module(node.module, at);
    if (module?.values === undefined) return;
    const { values, others } = module;
    const full = `${node.module}.${node.name}`;
    const access = Object.hasOwn(values, node.name) ? values[node.name] : others;
    if (access === undefined)
      this.#add(UNKNOWN_VALUE, at, node.name, `there is no value "${full}"`, Object.keys(values));
    else if (!access.includes(wanted)) {
      const message = wanted === "w" ? `"${full}" can only be read` : `"${full}" can be set, but not read`;
      this.#add(VALUE_ACCESS, at, node.name, message);
    }
  }

  #call(node: CallNode): void {
    const at = this.#places.of(node);
    if (node.module === null) {
      const parameters = Object.hasOwn(BUILTINS, node.name) ? BUILTINS[node.name] : undefined;
      if (parameters !== undefined) this.#parameters(node, node.name, parameters);
      else this.#add(UNKNOWN_FUNCTION, at, node.name, `there is no function "${node.name}"`, Object.keys(BUILTINS));
      return;
    }
    if (this.#catalogue === undefined) return;
    const module = this.#module(node.module, at);
    if (module === undefined) return;
    const found = Object.hasOwn(module.functions, node.name) ? module.functions[node.name] : undefined;
    const full = `${node.module}.${node.name}`;
    if (found !== undefined) this.#parameters(node, full, found.parameters);
    else this.#add(UNKNOWN_FUNCTION, at, node.name, `there is no function "${full}"`, Object.keys(module.functions));
  }

  #module(name: string, at: TextPlace) {
    const catalogue = this.#catalogue!;
    if (Object.hasOwn(catalogue, name)) return catalogue[name];
    this.#add(UNKNOWN_MODULE, at, name, `there is no module "${name}"`, Object.keys(catalogue));
    return undefined;
  }

  #parameters(node: CallNode, name: string, parameters: Readonly<Record<string, ParameterDescription>>): void {
    for (const given of Object.keys(node.args)) {
      if (Object.hasOwn(parameters, given)) continue;
      const at = this.#places.ofName(node.args, given);
      this.#add(UNKNOWN_PARAMETER, at, given, `"${name}" has no parameter "${given}"`, Object.keys(parameters));
    }
    for (const [needed, { required }] of Object.entries(parameters)) {
      if (!required || Object.hasOwn(node.args, needed)) continue;
      this.#add(MISSING_PARAMETER, this.#places.of(node), needed, `"${name}" needs the parameter "${needed}"`);
    }
  }
}
