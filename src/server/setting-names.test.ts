import { expect, it } from "vitest";
import { AGENT_SETTINGS, WORKER_SETTINGS } from "../executor/index.ts";
import { SETTING_NAMES } from "../platform/configuration/index.ts";
import { SERVER_SETTINGS } from "./settings.ts";

it("every program knows the names of the settings of all", () => {
  const names = [SERVER_SETTINGS, AGENT_SETTINGS, WORKER_SETTINGS].flatMap((settings) => Object.keys(settings));
  expect(SETTING_NAMES).toEqual([...new Set(names)].sort());
});
