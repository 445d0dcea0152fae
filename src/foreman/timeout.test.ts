import { expect, it } from "vitest";
import { verbTimeout } from "./timeout.ts";

it.each([
  [{}, 600],
  [{ timeout: 5 }, 600],
  [{ timeout: 1000 }, 1060],
  [{ seconds: 900, timeout: 700 }, 960],
  [{ query_timeout: 600 }, 660],
  [{ retry: 2, retry_wait: 30 }, 3 * 600 + 2 * 30],
  [{ retry: 1, timeout: 1000 }, 2 * 1060],
])("the task of a verb with %j is given up after %d s", (parameters, seconds) => {
  expect(verbTimeout(parameters)).toBe(seconds * 1000);
});
