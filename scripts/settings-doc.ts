import { environmentName, type Setting } from "../src/platform/configuration/index.ts";
import { SERVER_SETTINGS } from "../src/server/settings.ts";
import { keepSection } from "./sections.ts";

// Writes the table of the server's settings in docs/configuration.md from the settings themselves, or checks it with --check.

function row([name, setting]: [string, Setting<unknown>]): string {
  const { fallback } = setting;
  const empty = typeof fallback === "object" && fallback !== null && Object.keys(fallback).length === 0;
  const known = fallback !== null && !empty;
  return `| \`${name}\` | \`${environmentName(name)}\` | ${setting.summary.replaceAll("|", "\\|")}${known ? ` Default: ${String(fallback)}.` : ""} |`;
}

const rows = Object.entries<Setting<unknown>>(SERVER_SETTINGS).map(row);
const text = ["| in the file | in the environment | |", "| --- | --- | --- |", ...rows].join("\n");
keepSection("docs/configuration.md", "settings", text, "npm run settings");
