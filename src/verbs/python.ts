/** How Python, and with it Jinja, prints a value: `True`, `None`, `['a', 1]`, `{'k': 'v'}`. Pure. */

/** A text stays as it is; everything else looks as in Python. */
export function pythonText(value: unknown): string {
  return typeof value === "string" ? value : repr(value);
}

function repr(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof Map) return mapping([...value.entries()]);
  if (typeof value === "object") return mapping(Object.entries(value));
  return String(value);
}

function mapping(entries: readonly (readonly [unknown, unknown])[]): string {
  return `{${entries.map(([key, value]) => `${repr(key)}: ${repr(value)}`).join(", ")}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** In single quotes, unless it holds such and no double ones. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // oxlint-disable-next-line no-control-regex
  const escaped = text.replace(/[\\\n\r\t\u0000-\u001F\u007F]/g, (one) => {
    return ESCAPES[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}
