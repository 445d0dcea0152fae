import { describe, expect, it } from "vitest";
import { serverUrl } from "./server-url.ts";

describe("the address of a server", () => {
  it.each([
    ["gantry.example.org", "https://gantry.example.org:7411"],
    ["192.0.2.7", "https://192.0.2.7:7411"],
    [" 192.0.2.7:443 ", "https://192.0.2.7:443"],
    ["2001:db8::7", "https://[2001:db8::7]:7411"],
    ["[2001:db8::7]:8443", "https://[2001:db8::7]:8443"],
    ["https://gantry.example.org", "https://gantry.example.org"],
    ["https://gantry.example.org:7411/", "https://gantry.example.org:7411"],
  ])("%s means %s", (text, url) => {
    expect(serverUrl(text)).toBe(url);
  });

  it.each(["", "http://example.org", "https://user@example.org", "example.org/path", "a b", "ftp://example.org"])(
    "'%s' is none",
    (text) => {
      expect(() => serverUrl(text)).toThrow(expect.objectContaining({ code: "server_address_wrong" }));
    },
  );
});
