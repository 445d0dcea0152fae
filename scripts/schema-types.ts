/** JSON Schema, as far as our own OpenAPI document uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly not?: Schema;
  readonly description?: string;
  readonly default?: unknown;
  readonly maximum?: number;
}

/** The TypeScript type of what a schema allows. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return typeName(schema.$ref.split("/").at(-1) ?? "");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((one) => JSON.stringify(one)));
  const some = schema.anyOf ?? schema.oneOf;
  if (some !== undefined) return union(some.map(typeOf));
  if (schema.allOf !== undefined) return schema.allOf.map((one) => `(${typeOf(one)})`).join(" & ");
  if (schema.not !== undefined) return "never";
  if (Array.isArray(schema.type)) return union(schema.type.map((type: string) => typeOf({ ...schema, type })));
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case "object":
      return objectType(schema);
    default:
      return "unknown";
  }
}

function objectType(schema: Schema): string {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).map(([name, one]) =>
    member(name, typeOf(one), required.has(name), one.description),
  );
  const other = schema.additionalProperties;
  if (other !== false && (other !== undefined || members.length === 0)) {
    // What is named must fit what is not: a row has members of many types.
    const type = typeof other === "object" && members.length === 0 ? typeOf(other) : "unknown";
    members.push(`readonly [name: string]: ${type};`);
  }
  return members.length === 0 ? "Record<string, never>" : `{\n${members.join("\n")}\n}`;
}

/** One line of an interface; what may be left out may be `undefined` too, as neither is sent. */
export function member(name: string, type: string, required: boolean, description?: string): string {
  const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
  const comment = description === undefined ? "" : `/** ${description.replaceAll("*/", "* /")} */\n`;
  return `${comment}readonly ${key}${required ? "" : "?"}: ${type}${required ? "" : " | undefined"};`;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(" | ") || "never";
}

/** `schema0` as `Schema0`. */
export function typeName(name: string): string {
  return name
    .replace(/^./, (first) => first.toUpperCase())
    .replaceAll(/\W+(\w)/g, (_all, one: string) => one.toUpperCase());
}
