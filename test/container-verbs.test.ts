import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../src/kernel/json.ts";
import { createTestAgent, type TestAgent } from "../src/verbs/testing.ts";
import { IMAGE, useEngine } from "./support/containers.ts";
import { describeReal } from "./support/real.ts";
import { type Registry, startRegistry } from "./support/registry.ts";

// CONTAINER_IMAGE and POD with a real Docker engine and a real registry.

describeReal(["docker", "registry"], "the verbs for containers", () => {
  const engine = useEngine();
  let folder: string;
  let registry: Registry;
  let agent: TestAgent;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gantry-container-verbs-"));
    registry = await startRegistry(join(folder, "registry"));
    agent = await createTestAgent();
  });
  afterAll(async () => {
    await agent.remove();
    await registry.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function call(verb: string, parameters: object, plan = false): Promise<JsonObject> {
    const all = { engine: "docker", socket: engine.socket, ...parameters };
    return agent.call(verb, all as never, plan ? { shared: { plan: true } } : {}) as Promise<JsonObject>;
  }
  const image = (action: string, images: readonly string[], more: object = {}, plan = false) =>
    call("container_image", { action, images, ...more }, plan);
  const pod = (parameters: object, plan = false) => call("pod", parameters, plan);

  describe("CONTAINER_IMAGE", () => {
    it("tags, pushes, and pulls what is not there; each changes something once", async () => {
      const name = `${registry.address}/debian:1`;
      expect(await image("tag", [IMAGE, name], {}, true)).toMatchObject({ changed: true });
      expect(await image("tag", [IMAGE, name])).toMatchObject({ changed: true, engine: "docker" });
      expect(await image("tag", [IMAGE, name])).toMatchObject({ changed: false });
      await image("push", [name]);
      await engine.ask("DELETE", `/images/${name}`);
      expect(await image("pull", [name], { missing: true }, true)).toEqual({ changed: true, diff: `+${name}\n` });
      expect(await image("pull", [name])).toMatchObject({ changed: true });
      expect(await image("pull", [name])).toMatchObject({ changed: false });
      expect(await image("pull", [name], { missing: true }, true)).toMatchObject({ changed: false });
      await engine.ask("DELETE", `/images/${name}`);
    });

    it("lists and inspects", async () => {
      const listed = await image("list", []);
      expect(listed["images"]).toEqual(expect.arrayContaining([expect.objectContaining({ names: [IMAGE] })]));
      expect(await image("inspect", [IMAGE])).toMatchObject({
        changed: false,
        images: [{ RepoTags: expect.arrayContaining([IMAGE]) }],
      });
      await expect(image("inspect", ["gantry-test:nothing"])).rejects.toMatchObject({
        code: "container_image_unknown",
      });
    });

    it("says why an image cannot be pulled", async () => {
      await expect(image("pull", [`${registry.address}/nothing:1`])).rejects.toThrow(/not found|unknown/i);
    });
  });

  describe("POD", () => {
    function file(environment: string): string {
      const path = join(folder, "pod.yaml");
      writeFileSync(
        path,
        `apiVersion: v1
kind: Pod
metadata: { name: gantry-pod }
spec:
  hostname: inside
  containers:
    - name: first
      image: ${IMAGE}
      command: [sleep, "1000"]
      env: [{ name: WHO, value: ${environment} }]
    - name: second
      image: ${IMAGE}
      command: [sleep]
      args: ["1000"]
`,
      );
      return path;
    }

    it("is made of a file, once, and anew when the file changed", async () => {
      const play = { action: "play", file: file("one") };
      expect(await pod(play, true)).toEqual({ changed: true, diff: "+pod gantry-pod\n" });
      expect(await pod(play)).toMatchObject({ changed: true, name: "gantry-pod" });
      expect(await pod(play)).toMatchObject({ changed: false });
      const other = { action: "play", file: file("two") };
      expect(await pod(other, true)).toMatchObject({ diff: "-pod gantry-pod\n+pod gantry-pod\n" });
      expect(await pod(other)).toMatchObject({ changed: true });
      agent.written.stdout = "";
      await pod({
        action: "exec-run",
        name: "gantry-pod-first",
        command: ["sh", "-c", "echo $WHO $MORE"],
        environment: { MORE: "a b" },
      });
      expect(agent.written.stdout).toBe("two a b\n");
    });

    it("has one network for all of its containers", async () => {
      const { pod: containers } = (await pod({ action: "inspect", name: "gantry-pod" })) as unknown as {
        pod: { Name: string; HostConfig: { NetworkMode: string }; Id: string; Config: { Hostname: string } }[];
      };
      const [first, second] = containers;
      expect([first?.Name, second?.Name]).toEqual(["/gantry-pod-first", "/gantry-pod-second"]);
      expect(second?.HostConfig.NetworkMode).toBe(`container:${first?.Id}`);
      expect(first?.Config.Hostname).toBe("inside");
    });

    it("stops, starts, is killed and removed; each once", async () => {
      const name = "gantry-pod";
      expect(await pod({ action: "kill", name })).toMatchObject({ changed: true });
      expect(await pod({ action: "kill", name })).toMatchObject({ changed: false });
      expect(await pod({ action: "start", name }, true)).toMatchObject({ changed: true });
      expect(await pod({ action: "start", name })).toMatchObject({ changed: true });
      expect(await pod({ action: "start", name })).toMatchObject({ changed: false });
      expect(await pod({ action: "rm", name, force: true })).toMatchObject({ changed: true });
      expect(await pod({ action: "rm", name })).toMatchObject({ changed: false });
      await expect(pod({ action: "start", name })).rejects.toMatchObject({ code: "pod_unknown" });
      expect(await engine.ask("GET", "/containers/json?all=1")).toBe("[]\n");
    });

    it("keeps the exit code of a command, and says what only podman can do", async () => {
      await expect(pod({ action: "exec-run", name: "nothing", command: ["true"] })).rejects.toMatchObject({
        code: "command_failed",
        details: { exit_code: 1 },
      });
      const path = join(folder, "wrong.yaml");
      writeFileSync(
        path,
        `apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec:\n  initContainers: []\n  containers: [{ name: a, image: b }]\n`,
      );
      await expect(pod({ action: "play", file: path })).rejects.toMatchObject({
        code: "pod_file_wrong",
        message: expect.stringMatching(/initContainers/),
      });
    });
  });
});
