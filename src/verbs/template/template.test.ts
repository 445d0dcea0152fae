import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

describe("TEMPLATE", () => {
  it("fills in a file or a text, once", async () => {
    await agent.call("arg", { name: "who", value: "you" });
    const bytes = Buffer.from("{% if who %}\nHello {{ who }}\n{% endif %}\n");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    agent.content.set(sha256, bytes);
    const path = join(agent.home, "motd");
    const call = { to: "motd", chmod: "0640", files: [{ name: "motd.j2", sha256, size: bytes.length }] };
    expect(await agent.call("template", call)).toMatchObject({ changed: true, files: [{ path, changed: true }] });
    expect(readFileSync(path, "utf8")).toBe("Hello you\n");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(await agent.call("template", call)).toMatchObject({ changed: false });
    expect(await agent.call("template", { to: "motd", text: "{{ who | upper }}" })).toMatchObject({ changed: true });
    expect(readFileSync(path, "utf8")).toBe("YOU");
  });

  it.each([
    ["{{ nobody }}", "line 1"],
    ["fine\n{% if %}", "line 2"],
    ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", ""],
  ])("leaves the place as it is when %j cannot be filled in", async (text, where) => {
    await expect(agent.call("template", { to: "motd", text })).rejects.toMatchObject({
      code: "template_wrong",
      message: expect.stringContaining(where),
    });
    expect(existsSync(join(agent.home, "motd"))).toBe(false);
    // The engine goes on working.
    await agent.call("template", { to: "motd", text: "{{ 1 + 1 }}" });
    expect(readFileSync(join(agent.home, "motd"), "utf8")).toBe("2");
  });

  it("plans as a diff", async () => {
    const plan = { shared: { plan: true } };
    expect(await agent.call("template", { to: "motd", text: "{{ 1 }}\n" }, plan)).toMatchObject({
      changed: true,
      diff: expect.stringContaining("\n+1"),
    });
    expect(existsSync(join(agent.home, "motd"))).toBe(false);
  });

  it("is read from its text form", () => {
    expect(parseVerb("TEMPLATE", "--chmod 600 a.j2 /b")).toMatchObject({
      parameters: { to: "/b", chmod: "600" },
      sources: ["a.j2"],
    });
    expect(parseVerb("TEMPLATE", "--text 'x y' /b")).toMatchObject({ parameters: { to: "/b", text: "x y" } });
    expect(() => parseVerb("TEMPLATE", "/b")).toThrow("TEMPLATE FROM TO");
  });
});
