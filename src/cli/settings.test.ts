import { describe, expect, it } from "vitest";
import { patchOperations, pathOf, settingOf, withSettings } from "./settings.ts";

describe("settings on the command line", () => {
  it("are a path and a value in YAML; with nothing they remove", () => {
    expect(settingOf("labels.rack=r1")).toEqual({ path: ["labels", "rack"], value: "r1" });
    expect(settingOf("variables.port=8080")).toEqual({ path: ["variables", "port"], value: 8080 });
    expect(settingOf("groups=[web, db]").value).toEqual(["web", "db"]);
    expect(settingOf("description=a=b").value).toBe("a=b");
    expect(settingOf("parent=null").value).toBeNull();
    expect(settingOf("parent=").value).toBeUndefined();
    for (const wrong of ["", "name", "=x", ".a=1", "a..b=1", "a.=1"])
      expect(() => settingOf(wrong), wrong).toThrow(expect.objectContaining({ code: "usage" }));
    expect(() => settingOf("a=[1")).toThrow(/the value of a=\[1 is not YAML/);
  });

  it("may have dots in their names", () => {
    expect(pathOf(String.raw`variables.net\.ipv4\.forward`)).toEqual(["variables", "net.ipv4.forward"]);
    expect(pathOf(String.raw`a\\b`)).toEqual([String.raw`a\b`]);
  });

  it("make new things", () => {
    const settings = ["site=lab", "variables.a.b=1", "variables.a.c=2"].map(settingOf);
    expect(withSettings({ name: "x" }, settings)).toEqual({
      name: "x",
      site: "lab",
      variables: { a: { b: 1, c: 2 } },
    });
  });

  it("change what is there by operations, and what is so already by none", () => {
    const row = { name: "x", description: "old", labels: { "a/b": "1" }, variables: { port: 80 } };
    const changes = [
      "description=new",
      "labels.a/b=2",
      "variables.tls.key=k",
      "variables.tls.on=true",
      "variables.port=80",
    ];
    expect(patchOperations(row, changes.map(settingOf), ["variables.port", "variables.none.at"])).toEqual([
      { op: "add", path: "/description", value: "new" },
      { op: "add", path: "/labels/a~1b", value: "2" },
      { op: "add", path: "/variables/tls", value: { key: "k" } },
      { op: "add", path: "/variables/tls/on", value: true },
      { op: "remove", path: "/variables/port" },
    ]);
  });
});
