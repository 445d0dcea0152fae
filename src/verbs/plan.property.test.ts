import fc from "fast-check";
import { expect, it } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import { parseVerb } from "./parse.ts";
import { createTestAgent, type TestAgent } from "./testing.ts";

// What a plan of a list says is what the list then does: each verb sees what those in front of it would have set.

const name = fc.constantFrom("a", "b");
const value = fc.constantFrom("1", "text", "['x']", "['y', 'x']", "{'k': 1}", "{{ a }}-{{ b }}");
const verb = fc.oneof(
  fc
    .tuple(fc.constantFrom("ARG ", "ARG --extend-args ", "ENV "), name, value)
    .map(([head, ...rest]) => `${head}${rest.join(" ")}`),
  fc.constantFrom("CACHEEVICT all", "CACHEEVICT args", "CACHEEVICT envs", "ECHO {{ a }}"),
);

/** `changed` of each verb, or the code of its failure. */
async function changes(agent: TestAgent, texts: readonly string[], shared: JsonObject): Promise<Json[]> {
  const results: Json[] = [];
  for (const text of texts) {
    const [head = "", ...rest] = text.split(" ");
    const { function: wanted, parameters } = parseVerb(head, rest.join(" "));
    try {
      const result = (await agent.call(wanted, parameters, { shared })) as { changed: boolean };
      results.push(result.changed);
    } catch (error) {
      results.push((error as { code: string }).code);
    }
  }
  return results;
}

it("what a plan says comes true", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(verb, { maxLength: 6 }), fc.array(verb, { maxLength: 8 }), async (before, texts) => {
      const agent = await createTestAgent();
      try {
        await changes(agent, before, {});
        const planned = await changes(agent, texts, { plan: true });
        expect(await changes(agent, texts, {})).toEqual(planned);
      } finally {
        await agent.remove();
      }
    }),
    { numRuns: 30 },
  );
});
