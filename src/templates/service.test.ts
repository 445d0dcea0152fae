import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import type { Clock } from "../kernel/clock.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError, problemText } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Renderer, TemplateLimits } from "./index.ts";
import { createRenderer } from "./index.ts";

const open: Renderer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((renderer) => renderer.close()));
});

function rendererWith(limits: Partial<TemplateLimits> = {}, clock: Clock = systemClock): Renderer {
  const renderer = createRenderer({ clock, limits: { threads: 1, ...limits } });
  open.push(renderer);
  return renderer;
}

async function failure(promise: Promise<unknown>): Promise<GantryError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof GantryError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

function file(text: string, values: JsonObject = {}) {
  return { name: "web.conf.j2", text, values, mode: "strict" as const };
}

describe("rendering off the main thread", () => {
  test("strict renders once, lenient until no tag is left", async () => {
    const renderer = rendererWith();
    const values = { a: "{{ b }}", b: "x" };
    expect(await renderer.render(file("{{ a }}{% raw %}{{ a }}{% endraw %}", values))).toBe("{{ b }}{{ a }}");
    expect(await renderer.render({ ...file("{{ a }}{{ missing }}", values), mode: "lenient" })).toBe("x");
    expect(await renderer.renderValues(values)).toEqual({ a: "x", b: "x" });
  });

  test("what has no tag needs no thread", async () => {
    const renderer = rendererWith({ threads: 0 });
    const values = { a: "}} {" };
    expect(await renderer.render(file("plain {\n", { b: "{{ c }}" }))).toBe("plain {\n");
    expect(await renderer.renderValues(values)).toBe(values);
  });

  test("errors have their place in the file, also where the template is a part of it", async () => {
    const renderer = rendererWith();
    const error = await failure(
      renderer.render({ ...file("a\n{{ nmae }} {{ x | f }}\n{{ y }}", { name: 1 }), firstLine: 10 }),
    );
    expect(error.where).toEqual({ file: "web.conf.j2", line: 11, column: 4 });
    expect(error.details).toEqual({ name: "nmae", nearest: "name" });
    const several = await failure(renderer.render(file("{{ nmae }}\n{{ y }}", { name: 1 })));
    expect(several.problems.map(problemText)).toEqual([
      "web.conf.j2:1:4: nmae is not defined; did you mean name? (template_undefined_name)",
      "web.conf.j2:2:4: y is not defined (template_undefined_name)",
    ]);
  });

  test.each<[string, string]>([
    ['{{ "a" * 100000000 }}', "the template asks for more than the 100663296 bytes of memory a rendering may use"],
    [
      '{{ ("a" * 1000000) | list | join("b" * 1000) }}',
      "the template asks for more than the 100663296 bytes of memory a rendering may use",
    ],
    ["{{ range(10 ** 9) }}", "a range has more than 100000 numbers"],
    ['{{ "a" * 17000000 }}', "the output is larger than 16777216 bytes"],
    [`{{ ${"not ".repeat(50_000)}1 }}`, "the template is nested too deeply"],
    [" ".repeat(2 ** 20 + 1), "the template is larger than 1048576 bytes"],
  ])("%.30s is refused, and the next template is rendered", async (text, message) => {
    const renderer = rendererWith();
    const error = await failure(renderer.render(file(text)));
    expect([error.code, error.message, error.where?.file]).toEqual(["template_too_large", message, "web.conf.j2"]);
    expect(await renderer.render(file("{{ 1 }}"))).toBe("1");
  });

  test("values that are too deep or too large are refused", async () => {
    const renderer = rendererWith({ valuesSize: 250 });
    let deep: JsonObject = {};
    for (let level = 0; level < 101; level += 1) deep = { a: deep };
    expect((await failure(renderer.render(file("{{ 1 }}", deep)))).message).toBe(
      "the values are nested deeper than 100 levels",
    );
    expect((await failure(renderer.renderValues({ a: "x".repeat(251) }))).message).toBe(
      "the values are larger than 250 characters",
    );
  });

  test("a template that loops for ever runs out of steps", async () => {
    const renderer = rendererWith({ steps: 100_000 });
    const loop = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    const error = await failure(renderer.render(file(`\n${loop}`)));
    expect([error.code, error.message, error.where?.line]).toEqual([
      "template_took_too_long",
      "the template took more than 100000 steps",
      2,
    ]);
    expect((await failure(renderer.renderValues({ a: loop }))).message).toBe(
      "variable a: the template took more than 100000 steps",
    );
  });

  test("a template that runs past its time is stopped while the main thread goes on, and its thread is replaced", async () => {
    const armed = Promise.withResolvers<() => void>();
    const clock: Clock = {
      now: () => 0,
      after(milliseconds, action) {
        if (milliseconds === 1_234) armed.resolve(action);
        return () => undefined;
      },
    };
    const renderer = rendererWith({ milliseconds: 1_234, steps: 2 ** 32 }, clock);
    const loop = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    const endless = failure(renderer.render(file(loop)));
    const timeIsUp = await armed.promise;
    timeIsUp();
    expect(await endless).toMatchObject({
      code: "template_took_too_long",
      message: "the template took more than 1234 ms",
    });
    expect(await renderer.render(file("{{ 1 }}"))).toBe("1");
  });

  test("a renderer nobody closed does not keep the process alive", async () => {
    const script = `
      import { createRenderer } from ${JSON.stringify(import.meta.resolve("./service.ts"))};
      import { systemClock } from ${JSON.stringify(import.meta.resolve("../kernel/clock.ts"))};
      const renderer = createRenderer({ clock: systemClock, limits: { idleMilliseconds: 2 ** 30 } });
      console.log(await renderer.render({ name: "x", text: "{{ 1 + 1 }}", values: {}, mode: "strict" }));`;
    const ended = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    expect(ended).toEqual({ stdout: "2\n", stderr: "" });
  });
});
