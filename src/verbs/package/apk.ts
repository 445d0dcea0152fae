import type { Tool } from "../tools.ts";
import {
  type InstalledPackage,
  type PackageChange,
  type PackageManager,
  type PackageRequest,
  unsatisfied,
  type WantedPackage,
} from "./managers.ts";

/** apk(8) of Alpine. */

function apkTool(request: PackageRequest, words: readonly string[]): Tool {
  return { program: "apk", arguments: ["--no-progress", "--wait", String(request.lockSeconds), ...words] };
}

export const apk: PackageManager = {
  name: "apk",
  programs: ["apk"],
  listInstalled: { program: "apk", arguments: ["info", "--verbose", "--verbose"], quiet: true },
  /** Lines of `name-1.2.3-r4 - what it is`. */
  readInstalled(stdout) {
    const installed = new Map<string, InstalledPackage>();
    for (const line of stdout.split("\n")) {
      const match = /^(\S+?)-(\d[^\s-]*-r\d+)(?: - .*)?$/.exec(line.trim());
      if (match !== null) installed.set(match[1] ?? "", { version: match[2] ?? "", provides: [] });
    }
    return installed;
  },
  refresh: (request) => apkTool(request, ["update"]),
  steps(request, installed) {
    const packages = unsatisfied(request, installed);
    if (packages.length === 0) return [];
    const names = packages.map(apkName);
    const words =
      request.state === "absent"
        ? ["del", ...(request.purge ? ["--purge"] : []), ...names]
        : ["add", ...(request.state === "latest" ? ["--upgrade"] : []), ...names];
    return [{ trial: { ...apkTool(request, ["--simulate", ...words]), quiet: true }, real: apkTool(request, words) }];
  },
  readTrial(stdout) {
    const changes: PackageChange[] = [];
    for (const line of stdout.split("\n")) {
      const match = /^\(\d+\/\d+\) (Installing|Upgrading|Downgrading|Purging) (\S+) \((\S+?)(?: -> (\S+))?\)/.exec(
        line,
      );
      if (match === null) continue;
      const [, action, name = "", first = "", second] = match;
      if (action === "Installing") changes.push({ name, from: null, to: first });
      else if (action === "Purging") changes.push({ name, from: first, to: null });
      else changes.push({ name, from: first, to: second ?? null });
    }
    return changes;
  },
  indexLacks: (output) => /no such package|unable to select packages|breaks: world/.test(output),
  isLocked: (output) => /Unable to lock database/.test(output),
  trialWorked: (code) => code === 0,
};

/** `1.2*` is a fuzzy version to apk: `name~1.2`. */
function apkName({ name, version }: WantedPackage): string {
  if (version === undefined) return name;
  return version.endsWith("*") ? `${name}~${version.slice(0, -1).replace(/\.$/, "")}` : `${name}=${version}`;
}
