import { describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import type { Tool, Tools } from "../tools.ts";
import { applyImages } from "./apply.ts";
import { engineOf, findEngine } from "./engine.ts";
import { containerImageParameters } from "./model.ts";
import { listImages } from "./plan.ts";

function answering(answer: (text: string) => string | undefined): { tools: Tools; ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    tools: {
      has: async (program) => program === "podman",
      async run({ program, arguments: words }: Tool) {
        const text = [program, ...words].join(" ");
        ran.push(text);
        const stdout = answer(text);
        return { code: stdout === undefined ? 1 : 0, stdout: stdout ?? "", stderr: "" };
      },
    },
  };
}

describe("CONTAINER_IMAGE", () => {
  it.each([
    ["--pull --if-missing a:1 b", { action: "pull", images: ["a:1", "b"], missing: true }],
    ["--tag a:1 b:2", { action: "tag", images: ["a:1", "b:2"] }],
    ["--list --socket-path /run/x", { action: "list", images: [], socket: "/run/x" }],
    ["--pull --no-tlsverify --engine podman a", { action: "pull", images: ["a"], tls_verify: false, engine: "podman" }],
  ])("reads %s", (text, parameters) => {
    expect(parseVerb("CONTAINER_IMAGE", text).parameters).toEqual(parameters);
  });

  it.each([
    ["a", /needs one of --pull/],
    ["--pull --push a", /needs one of --pull/],
    ["--pull", /pull needs the name/],
    ["--tag a", /tag needs two names/],
    ["--list a", /list takes no names/],
    ["--push --if-missing a", /if-missing goes with pull/],
    ["--pull -- --all", /is not the name of an image/],
    ["--pull --no-tlsverify --engine docker a", /no-tlsverify is podman's/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVerb("CONTAINER_IMAGE", text)).toThrow(message);
  });

  it("takes podman where it is there, and says what is missing", async () => {
    const { tools } = answering(() => "");
    expect((await findEngine({}, tools, "POD")).name).toBe("podman");
    await expect(findEngine({ engine: "docker" }, tools, "POD")).rejects.toMatchObject({
      code: "node_program_missing",
    });
    expect(engineOf("podman", "/run/p").tool(["ps"]).arguments).toEqual(["--remote", "--url", "unix:///run/p", "ps"]);
    expect(engineOf("docker", "/run/d").tool(["ps"]).arguments).toEqual(["--host", "unix:///run/d", "ps"]);
  });

  it("reads the lists of both engines", async () => {
    const podman = answering(() => '[{"Id":"abc","Names":["localhost/a:1","b:2"]},{"Id":"def"}]').tools;
    expect(await listImages(engineOf("podman", undefined), podman)).toEqual([
      { id: "abc", names: ["localhost/a:1", "b:2"] },
      { id: "def", names: [] },
    ]);
    const docker = answering(() => '{"ID":"sha256:abc","Repository":"a","Tag":"1"}\n').tools;
    expect(await listImages(engineOf("docker", undefined), docker)).toEqual([{ id: "abc", names: ["a:1"] }]);
  });

  it("hands podman's own options on", async () => {
    const { tools, ran } = answering(() => "");
    const parameters = containerImageParameters.parse({ action: "push", images: ["r/a"], tls_verify: false });
    expect(await applyImages(parameters, tools, () => undefined)).toMatchObject({ changed: true, engine: "podman" });
    expect(ran).toEqual(["podman push --tls-verify=false r/a"]);
  });
});
