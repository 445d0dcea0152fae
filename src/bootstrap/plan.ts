/** What has to be done so that an agent stands on a machine, by what is there. Pure. */

export type ServiceManager = "systemd" | "user" | "openrc" | "none";

/** What is there. Hashes are SHA-256, hexadecimal; empty where there is no such thing. */
export interface Seen {
  /** As `uname -m` says it. */
  readonly machine: string;
  readonly hostname: string;
  readonly uid: number;
  readonly home: string;
  /** What is to run the agent: the machine's systemd, a user's own, OpenRC, or nothing. */
  readonly manager: ServiceManager;
  /** Whether Node's loader (glibc) and its library are there. */
  readonly glibc: boolean;
  readonly libstdcxx: boolean;
  /** Release that `current` points to, and whether the wanted one is there, whole. */
  readonly current: string;
  readonly whole: boolean;
  readonly launcher: string;
  readonly unit: string;
  readonly joined: boolean;
  readonly running: boolean;
}

export interface Wanted {
  readonly release: string;
  readonly launcher: string;
  /** Of the unit; empty: none is wanted. */
  readonly unit: string;
}

export type Step =
  | { readonly kind: "release" }
  | { readonly kind: "launcher" }
  | { readonly kind: "point" }
  | { readonly kind: "join" }
  | { readonly kind: "unit" }
  | { readonly kind: "start" }
  | { readonly kind: "restart" };

/** Nothing: all is as it should be. */
export function planHost(seen: Seen, wanted: Wanted): readonly Step[] {
  const steps: Step[] = [];
  if (!seen.whole) steps.push({ kind: "release" });
  if (seen.launcher !== wanted.launcher) steps.push({ kind: "launcher" });
  if (seen.current !== wanted.release) steps.push({ kind: "point" });
  if (!seen.joined) steps.push({ kind: "join" });
  if (wanted.unit !== "" && seen.unit !== wanted.unit) steps.push({ kind: "unit" });
  if (!seen.running) steps.push({ kind: "start" });
  else if (steps.length > 0) steps.push({ kind: "restart" });
  return steps;
}

export type Architecture = "x64" | "arm64";

/** Node's word for a kind of machine; undefined: there is no Node for it here. */
export function architectureOf(machine: string): Architecture | undefined {
  if (/^(x86_64|amd64)$/.test(machine)) return "x64";
  return /^(aarch64|arm64)$/.test(machine) ? "arm64" : undefined;
}

/** Why an agent cannot run there; undefined: it can. */
export function obstacle(seen: Seen): string | undefined {
  if (architectureOf(seen.machine) === undefined)
    return `it is a machine of the kind ${seen.machine}; agents run on x86_64 and aarch64`;
  if (!seen.glibc) return "it has no glibc (Alpine and other musl systems have none), which the agent's Node needs";
  if (!seen.libstdcxx)
    return "it has no libstdc++, which the agent's Node needs: install libstdc++6 (Debian, Ubuntu) or libstdc++ (Fedora, RHEL), as a RUN job of the catalogue perhaps";
  return undefined;
}
