/** How LDAP writes filters and distinguished names. Pure. */

/** A value within a filter, so that it stays a value (RFC 4515, section 3). */
export function escapedValue(value: string): string {
  // oxlint-disable-next-line no-control-regex -- a null byte would end the value for some servers
  return value.replaceAll(/[\\*()\u0000]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** `(uid={name})` with the values in their places. */
export function filterOf(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? escapedValue(values[name]!) : place,
  );
}

/**
 * What role bindings call a group: `ops` for `cn=ops,BASE`, directly below the base; of any other group the whole name, so that nobody who
 * may make groups elsewhere in the directory gives one a name that counts here.
 */
export function groupName(dn: string, base: string | null): string {
  const parts = partsOf(dn);
  const above = base === null ? undefined : partsOf(base).map(plainPart).join(",");
  const [first = "", ...rest] = parts;
  if (above === undefined || rest.map(plainPart).join(",") !== above) return dn;
  const value = /^[^=]*=(.*)$/s.exec(first)?.[1]?.trim() ?? "";
  // Two attributes in one part (`cn=a+ou=b`), or one in hexadecimal, are names nobody would type.
  return /(?<!\\)\+/.test(value) || value === "" || value.startsWith("#") ? dn : unescaped(value);
}

/** `cn=a\,b,dc=x` in its parts: a comma behind a backslash belongs to the value (RFC 4514). */
function partsOf(dn: string): readonly string[] {
  return dn.match(/(?:\\.|[^\\,])+/gs)?.map((part) => part.trim()) ?? [];
}

function plainPart(part: string): string {
  return part.replace(/\s*=\s*/, "=").toLowerCase();
}

function unescaped(value: string): string {
  const bytes: number[] = [];
  for (const [, hex, plain, other] of value.matchAll(/\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)/gs)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else bytes.push(...Buffer.from(plain ?? other ?? ""));
  }
  return Buffer.from(bytes).toString("utf8");
}
