import { dirname, join, relative, sep } from "node:path";

/** The part of the linter's plugin interface that our rules use. */
export interface Node {
  readonly type: string;
  readonly [property: string]: unknown;
}

export interface Context {
  readonly filename: string;
  report(finding: { node: Node; message: string }): void;
}

export type Visitor = Readonly<Record<string, (node: Node) => void>>;

export interface Rule {
  create(context: Context): Visitor;
}

const repository = join(import.meta.dirname, "..");

/** The path of a file relative to the repository, with `/`. */
export function pathInRepository(filename: string): string {
  return relative(repository, filename).split(sep).join("/");
}

/** The path an import names: relative to the repository for our own files, else the specifier as it stands. */
export function importedPath(filename: string, specifier: string): string {
  return specifier.startsWith(".") ? pathInRepository(join(dirname(filename), specifier)) : specifier;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

/** The node under a property, if there is one of this type. */
export function child(node: Node, property: string, type?: string): Node | undefined {
  const value = node[property];
  return isNode(value) && (type === undefined || value.type === type) ? value : undefined;
}

export function children(node: Node, property: string): readonly Node[] {
  const value = node[property];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The text of a string literal. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined;
}

/** The name of an identifier. */
export function nameOf(node: Node | undefined): string | undefined {
  return node?.type === "Identifier" && typeof node["name"] === "string" ? node["name"] : undefined;
}

/** `a.b.c` as a text, where all of it is plain names. */
export function dottedName(node: Node | undefined): string | undefined {
  if (node?.type === "ThisExpression") return "this";
  if (node?.type !== "MemberExpression" || node["computed"] === true) return nameOf(node);
  const object = dottedName(child(node, "object"));
  const property = nameOf(child(node, "property")) ?? privateName(child(node, "property"));
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

function privateName(node: Node | undefined): string | undefined {
  return node?.type === "PrivateIdentifier" && typeof node["name"] === "string" ? `#${node["name"]}` : undefined;
}

/** Calls `found` for each import in a file, whatever its form: static, re-export, dynamic, or of a type. */
export function forEachImport(found: (specifier: string, node: Node) => void): Visitor {
  function look(node: Node): void {
    const specifier = textOf(child(node, "source"));
    if (specifier !== undefined) found(specifier, node);
  }
  return {
    ImportDeclaration: look,
    ExportNamedDeclaration: look,
    ExportAllDeclaration: look,
    ImportExpression: look,
    TSImportType: look,
  };
}
