import type { Tool } from "../tools.ts";

/** What package managers have in common. Pure: which programs to start, and what their output says. */

export const MANAGERS = ["apt", "dnf", "apk"] as const;
export type ManagerName = (typeof MANAGERS)[number];

export type PackageState = "present" | "latest" | "absent";

export interface WantedPackage {
  readonly name: string;
  /** May end in `*`. */
  readonly version: string | undefined;
}

/** One package that is not as it was; null: not there. */
export interface PackageChange {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface InstalledPackage {
  readonly version: string;
  /** Names others may ask for it by. */
  readonly provides: readonly string[];
}
export type Installed = ReadonlyMap<string, InstalledPackage>;

export interface PackageRequest {
  readonly state: PackageState;
  readonly packages: readonly WantedPackage[];
  /** Packages that may neither be installed nor changed along with the others. */
  readonly exclude: readonly string[];
  /** Removes the configuration, too. */
  readonly purge: boolean;
  /** Whether what a package only recommends comes along; undefined: as the node is set up. */
  readonly recommends: boolean | undefined;
  /** Seconds to wait for another package manager to end. */
  readonly lockSeconds: number;
}

/** One call of the manager, as a trial and for good. */
export interface PackageStep {
  readonly trial: Tool;
  readonly real: Tool;
}

export interface PackageManager {
  readonly name: ManagerName;
  /** Programs without which it is not there. */
  readonly programs: readonly string[];
  readonly listInstalled: Tool;
  readInstalled(stdout: string): Installed;
  /** Fetches the index anew. */
  refresh(request: PackageRequest): Tool;
  /** What must be done, in order; nothing when all is as wanted. `preferences`: a file for what `writePreferences` gives. */
  steps(request: PackageRequest, installed: Installed, preferences: string): readonly PackageStep[];
  /** Text of a file the steps want, where they want one. */
  preferences?(request: PackageRequest): string | undefined;
  /** What a trial says would happen. */
  readTrial(stdout: string, installed: Installed): readonly PackageChange[];
  /** Whether the output of a failed call says that the index does not know a package (any more). */
  indexLacks(output: string): boolean;
  /** Whether it says that another package manager is at work. */
  isLocked(output: string): boolean;
  /** Whether a trial that ended with this code went well. */
  trialWorked(code: number | null, output: string): boolean;
}

/** `name`, or `name=version`. */
export function wantedPackage(text: string): WantedPackage {
  const at = text.indexOf("=");
  return at < 0 ? { name: text, version: undefined } : { name: text.slice(0, at), version: text.slice(at + 1) };
}

export function versionMatches(version: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  return wanted.endsWith("*") ? version.startsWith(wanted.slice(0, -1)) : version === wanted;
}

/** The packages of a request that are not there as wanted: those to hand to the manager. */
export function unsatisfied(request: PackageRequest, installed: Installed): readonly WantedPackage[] {
  const { state, packages } = request;
  if (state === "absent") return packages.filter(({ name }) => installed.has(name));
  return packages.filter(({ name, version }) => {
    const found = installed.get(name);
    if (found === undefined) return version !== undefined || state === "latest" || !isProvided(name, installed);
    // With a version given, that one is wanted, not the newest.
    if (version !== undefined) return !versionMatches(found.version, version);
    return state === "latest";
  });
}

function isProvided(name: string, installed: Installed): boolean {
  for (const { provides } of installed.values()) if (provides.includes(name)) return true;
  return false;
}

/** What differs between two looks at what is installed, sorted by name. */
export function changesBetween(before: Installed, after: Installed): PackageChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const from = before.get(name)?.version ?? null;
    const to = after.get(name)?.version ?? null;
    return from === to ? [] : [{ name, from, to }];
  });
}

/** Changes as lines of a diff: `-name old`, `+name new`. */
export function changesText(changes: readonly PackageChange[]): string {
  return changes
    .flatMap(({ name, from, to }) => [
      ...(from === null ? [] : [`-${name} ${from}`]),
      ...(to === null ? [] : [`+${name} ${to}`]),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** In which order managers are looked for, by what os-release(5) says. A machine may have programs of another family. */
export function managerOrder(osRelease: string): readonly ManagerName[] {
  const family = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(([, ids = ""]) => ids.split(" "));
  const first: ManagerName = family.includes("alpine")
    ? "apk"
    : family.some((id) => ["fedora", "rhel", "centos"].includes(id))
      ? "dnf"
      : "apt";
  return [first, ...MANAGERS.filter((name) => name !== first)];
}
