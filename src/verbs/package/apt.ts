import type { Tool } from "../tools.ts";
import {
  type InstalledPackage,
  type PackageChange,
  type PackageManager,
  type PackageRequest,
  unsatisfied,
} from "./managers.ts";

/** apt-get(8) and dpkg-query(1). */

const ENVIRONMENT = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C", NEEDRESTART_SUSPEND: "1" };

function aptGet(words: readonly string[]): Tool {
  return { program: "apt-get", arguments: words, environment: ENVIRONMENT };
}

export const apt: PackageManager = {
  name: "apt",
  programs: ["apt-get", "dpkg-query"],
  listInstalled: {
    program: "dpkg-query",
    arguments: [
      "--show",
      "--showformat=${Package}\\t${Architecture}\\t${db:Status-Status}\\t${Version}\\t${Provides}\\n",
    ],
    environment: { LC_ALL: "C" },
    quiet: true,
  },
  readInstalled(stdout) {
    const installed = new Map<string, InstalledPackage>();
    for (const line of stdout.split("\n")) {
      const [name = "", architecture = "", status, version = "", provides = ""] = line.split("\t");
      if (status !== "installed") continue;
      // `libc6:i386` beside `libc6`: another architecture than the first is known by its full name alone.
      const key = installed.has(name) ? `${name}:${architecture}` : name;
      installed.set(key, {
        version,
        provides: [`${name}:${architecture}`, ...provides.split(",").map((one) => one.trim().split(/[ (]/)[0] ?? "")],
      });
    }
    return installed;
  },
  refresh: () => aptGet(["--quiet", "--yes", "update"]),
  steps(request, installed, preferences) {
    const packages = unsatisfied(request, installed);
    if (packages.length === 0) return [];
    const names = packages.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`));
    const options = [
      "--quiet",
      "--yes",
      "--option=Dpkg::Options::=--force-confdef",
      "--option=Dpkg::Options::=--force-confold",
      `--option=DPkg::Lock::Timeout=${request.lockSeconds}`,
      ...(request.exclude.length === 0 ? [] : [`--option=Dir::Etc::Preferences=${preferences}`]),
      ...(request.recommends === undefined
        ? []
        : [request.recommends ? "--install-recommends" : "--no-install-recommends"]),
    ];
    const command =
      request.state === "absent"
        ? [request.purge ? "purge" : "remove", "--", ...names]
        : // A version that was asked for may be older than the one that is there.
          [
            ...(packages.some(({ version }) => version !== undefined) ? ["--allow-downgrades"] : []),
            "install",
            "--",
            ...names,
          ];
    return [
      {
        trial: { ...aptGet(["--simulate", ...options, ...command]), quiet: true },
        real: aptGet([...options, ...command]),
      },
    ];
  },
  preferences: preferencesText,
  readTrial(stdout) {
    const changes: PackageChange[] = [];
    for (const line of stdout.split("\n")) {
      const install = /^Inst (\S+)(?: \[([^\]]+)\])? \((\S+) /.exec(line);
      if (install !== null) changes.push({ name: install[1] ?? "", from: install[2] ?? null, to: install[3] ?? null });
      const remove = /^(?:Remv|Purg) (\S+) \[([^\]]+)\]/.exec(line);
      if (remove !== null) changes.push({ name: remove[1] ?? "", from: remove[2] ?? null, to: null });
    }
    return changes;
  },
  indexLacks: (output) =>
    /Unable to locate package|Couldn't find any package|was not found|has no installation candidate|404 +Not Found|Failed to fetch/.test(
      output,
    ),
  isLocked: (output) => /Could not get lock|Unable to lock|Unable to acquire the dpkg frontend lock/.test(output),
  trialWorked: (code) => code === 0,
};

/** apt_preferences(5): versions of these packages are never picked, and what is installed of them stays. */
function preferencesText({ exclude }: PackageRequest): string | undefined {
  if (exclude.length === 0) return undefined;
  return exclude.map((name) => `Package: ${name}\nPin: release *\nPin-Priority: -1\n`).join("\n");
}
