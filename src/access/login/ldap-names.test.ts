import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapedValue, filterOf, groupName } from "./ldap-names.ts";

describe("a value in a filter", () => {
  it("stays a value, whatever it holds", () => {
    expect(filterOf("(&(uid={name})(a=b))", { name: "*)(uid=*" })).toBe("(&(uid=\\2a\\29\\28uid=\\2a)(a=b))");
    expect(escapedValue("a\u0000b\\c")).toBe("a\\00b\\5cc");
    expect(filterOf("({other}={name})", { name: "{other}" })).toBe("({other}={other})");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const escaped = escapedValue(value);
        // oxlint-disable-next-line no-control-regex -- that is what must not be there
        expect(escaped).not.toMatch(/[*()\u0000]/);
        expect(escaped.replaceAll(/\\([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))).toBe(
          value,
        );
      }),
    );
  });
});

describe("a group of the directory", () => {
  it.each([
    ["cn=ops,ou=groups,dc=example", "ou=groups,dc=example", "ops"],
    ["CN=Ops Team, OU=Groups,DC=Example", "ou=groups,dc=example", "Ops Team"],
    ["cn=a\\, b,ou=groups", "ou=groups", "a, b"],
    ["cn=a\\2cb\\C3\\A4,ou=groups", "ou=groups", "a,bä"],
  ])("directly below the base, %s, is called by its own name", (dn, base, name) => {
    expect(groupName(dn, base)).toBe(name);
  });

  it.each([
    ["cn=ops,ou=own,ou=groups,dc=example", "ou=groups,dc=example"],
    ["cn=ops,ou=people,dc=example", "ou=groups,dc=example"],
    ["cn=ops,ou=groups,dc=example", null],
    ["cn=ops\\,ou=groups,dc=example", "dc=groups,dc=example"],
    ["cn=ops+ou=x,ou=groups", "ou=groups"],
    ["cn=#0401,ou=groups", "ou=groups"],
  ])("anywhere else, %s, is called by its whole name", (dn, base) => {
    expect(groupName(dn, base)).toBe(dn);
  });
});
