import type { Tool } from "../tools.ts";
import {
  type Installed,
  type InstalledPackage,
  type PackageChange,
  type PackageManager,
  type PackageRequest,
  type PackageStep,
  unsatisfied,
  type WantedPackage,
} from "./managers.ts";

/** dnf(8) and rpm(8). */

function dnf(words: readonly string[]): Tool {
  return { program: "dnf", arguments: words, environment: { LC_ALL: "C" } };
}

export const dnfManager: PackageManager = {
  name: "dnf",
  programs: ["dnf", "rpm"],
  listInstalled: {
    program: "rpm",
    arguments: [
      "--query",
      "--all",
      "--queryformat",
      "%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}-%{RELEASE}\\t[%{PROVIDES} ]\\n",
    ],
    environment: { LC_ALL: "C" },
    quiet: true,
  },
  readInstalled(stdout) {
    const installed = new Map<string, InstalledPackage>();
    for (const line of stdout.split("\n")) {
      const [name = "", epoch = "0", version, provides = ""] = line.split("\t");
      if (version === undefined) continue;
      installed.set(name, { version: withEpoch(epoch, version), provides: provides.trim().split(" ") });
    }
    return installed;
  },
  refresh: () => dnf(["--quiet", "--assumeyes", "makecache", "--refresh"]),
  steps(request, installed) {
    const exact = { ...request, packages: request.packages.map(withRelease) };
    const packages = unsatisfied(exact, installed).map((one) => matched(one, installed, request));
    if (request.state === "absent") return stepOf(request, "remove", packages);
    // `install` leaves an older version of a package as it is, `upgrade` wants one that is there.
    const [older, missing] = [packages.filter(({ there }) => there), packages.filter(({ there }) => !there)];
    const versioned = older.filter(({ version }) => version !== undefined);
    return [
      ...stepOf(request, "install", [...missing, ...versioned]),
      ...stepOf(
        request,
        "upgrade",
        older.filter(({ version }) => version === undefined),
      ),
    ];
  },
  readTrial: readTransaction,
  indexLacks: (output) => /No match for argument|Unable to find a match|Status code: 404/.test(output),
  // dnf waits for another one by itself, until the verb's time-out.
  isLocked: () => false,
  // It asks nobody, answers no for itself, and calls that an error.
  trialWorked: (code, output) => code === 0 || /^Operation aborted\.$/m.test(output),
};

/** A version without its release stands for any release of it. */
function withRelease({ name, version }: WantedPackage): WantedPackage {
  return { name, version: version === undefined || /[-*]/.test(version) ? version : `${version}-*` };
}

interface Matched extends WantedPackage {
  readonly there: boolean;
}

function matched(wanted: WantedPackage, installed: Installed, request: PackageRequest): Matched {
  return { ...wanted, there: request.state !== "absent" && installed.has(wanted.name) };
}

function stepOf(request: PackageRequest, command: string, packages: readonly WantedPackage[]): readonly PackageStep[] {
  if (packages.length === 0) return [];
  const names = packages.map(({ name, version }) => (version === undefined ? name : `${name}-${version}`));
  const words = [
    ...request.exclude.map((name) => `--exclude=${name}`),
    ...(request.recommends === undefined
      ? []
      : [`--setopt=install_weak_deps=${request.recommends ? "True" : "False"}`]),
    "--setopt=exit_on_lock=False",
    ...(command === "install" && packages.some(({ version }) => version !== undefined) ? ["--allowerasing"] : []),
    command,
    ...names,
  ];
  return [{ trial: { ...dnf(["--assumeno", ...words]), quiet: true }, real: dnf(["--assumeyes", ...words]) }];
}

const SECTIONS: readonly (readonly [RegExp, "new" | "gone" | "keep"])[] = [
  [/^(Installing|Upgrading|Downgrading|Reinstalling)\b.*:$/, "new"],
  [/^Removing\b.*:$/, "gone"],
  [/^(Skipping|Transaction Summary)\b/, "keep"],
];

/** The table of a transaction: a section's heading, then rows of name, architecture, version, repository, size; long names take a row of their own. */
function readTransaction(stdout: string, installed: Installed): PackageChange[] {
  const changes: PackageChange[] = [];
  let section: "new" | "gone" | "keep" = "keep";
  let words: string[] = [];
  for (const line of stdout.split("\n")) {
    const heading = SECTIONS.find(([pattern]) => pattern.test(line));
    if (heading !== undefined) {
      section = heading[1];
      words = [];
      continue;
    }
    if (section === "keep" || !line.startsWith(" ")) continue;
    if (/^ +replacing /.test(line)) continue;
    words.push(...line.trim().split(/\s+/));
    if (words.length < 5) continue;
    const [name = "", , version = ""] = words;
    words = [];
    const full = version.replace(/^0:/, "");
    const from = installed.get(name)?.version ?? null;
    changes.push(section === "gone" ? { name, from: from ?? full, to: null } : { name, from, to: full });
  }
  return changes;
}

function withEpoch(epoch: string, version: string): string {
  return epoch === "0" || epoch === "(none)" ? version : `${epoch}:${version}`;
}
