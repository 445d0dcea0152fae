import { describe, expect, it } from "vitest";
import { parseSource, sourceText } from "./source.ts";

describe("a place of a master key", () => {
  it.each([
    "file:/etc/gantry/master.key",
    "environment",
    "vault-transit:transit/gantry",
    "vault-transit:team/transit/gantry",
    "vault-kv:secret/gantry#master-key",
    "vault-kv:secret/a/b/c#key",
    "barbican:0b7f0f6c-1d2e-4a5b-8c9d-0123456789ab",
  ])("is written as it is read: %s", (text) => {
    expect(sourceText(parseSource(text))).toBe(text);
  });

  it.each([
    ["", "there is no kind ''"],
    ["fil:/x", "did you mean 'file'?"],
    ["file:relative", "whole path"],
    ["environment:X", "stands alone"],
    ["vault-transit:gantry", "transit/gantry"],
    ["vault-transit:transit/../sys/seal", "transit/gantry"],
    ["vault-transit:transit/a?x=y", "transit/gantry"],
    ["vault-kv:secret#field", "#master-key"],
    ["vault-kv:secret/path", "#master-key"],
    ["vault-kv:secret/../../sys#x", "#master-key"],
    ["barbican:not-a-uuid", "UUID"],
    ["barbican:../0b7f0f6c-1d2e-4a5b-8c9d-0123456789ab", "UUID"],
  ])("is not %j", (text, message) => {
    expect(() => parseSource(text)).toThrow(message);
  });
});
