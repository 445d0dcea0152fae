import { environmentName, type Setting } from "../src/platform/configuration/index.ts";
import { AGENT_SETTINGS, WORKER_SETTINGS } from "../src/executor/index.ts";
import { SERVER_SETTINGS } from "../src/server/settings.ts";
import { keepSection } from "./sections.ts";

// Writes the tables of settings in docs/configuration.md from the settings themselves, or checks it with --check.

function row([name, setting]: [string, Setting<unknown>]): string {
  const { fallback } = setting;
  const empty = typeof fallback === "object" && fallback !== null && Object.keys(fallback).length === 0;
  const known = fallback !== null && !empty;
  return `| \`${name}\` | \`${environmentName(name)}\` | ${setting.summary.replaceAll("|", "\\|")}${known ? ` Default: ${String(fallback)}.` : ""} |`;
}

function table(settings: Readonly<Record<string, Setting<unknown>>>): string {
  return ["| in the file | in the environment | |", "| --- | --- | --- |", ...Object.entries(settings).map(row)].join(
    "\n",
  );
}

keepSection("docs/configuration.md", "settings", table(SERVER_SETTINGS), "npm run settings");
keepSection(
  "docs/configuration.md",
  "executor settings",
  table({ ...AGENT_SETTINGS, ...WORKER_SETTINGS }),
  "npm run settings",
);
