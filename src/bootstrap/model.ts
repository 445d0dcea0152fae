import { z } from "zod";
import { GantryError } from "../kernel/errors.ts";
import { CATALOGUE_INVALID } from "./errors.ts";

/** A catalogue: which machines there are, how they are reached, and what is done on them before. Pure. */

export const JOB_VERBS = ["RUN", "ADD", "GET"] as const;
export type JobVerb = (typeof JOB_VERBS)[number];

export interface BootstrapJob {
  readonly verb: JobVerb;
  readonly text: string;
}

export interface BootstrapHost {
  /** Servers are only worked on; agents are installed on the others. */
  readonly part: "servers" | "agents";
  readonly host: string;
  readonly port: number;
  /** Null: the user that runs the command. */
  readonly username: string | null;
  /** As which node it joins; null: what the machine calls itself. */
  readonly name: string | null;
  /** Where the agent is to be; null: /opt/gantry/agent for root, ~/.local/share/gantry/agent for others. */
  readonly folder: string | null;
  /** Whether systemd or OpenRC, where it runs, is to run the agent. */
  readonly systemd: boolean;
  /** Whether what is done is done as root by sudo. */
  readonly sudo: boolean;
  readonly jobs: readonly BootstrapJob[];
}

const path = z.string().regex(/^\/[^\0\n]*$/, "must be an absolute path");
const login = {
  port: z.int().min(1).max(65_535).optional(),
  username: z.string().min(1).max(100).optional(),
  folder: path.optional(),
  systemd: z.boolean().optional(),
  sudo: z.boolean().optional(),
};
const target = z.strictObject({
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/, "is neither a name nor an address"),
  name: z.string().min(1).max(253).optional(),
  ...login,
});
const job = z
  .record(z.string(), z.string().min(1))
  .refine((one) => Object.keys(one).length === 1, "is one verb with its text")
  .refine((one) => Object.keys(one).every((verb) => (JOB_VERBS as readonly string[]).includes(verb)), {
    message: `the verbs here are ${JOB_VERBS.join(", ")}`,
  });
const part = z.strictObject({
  args: z.strictObject(login).default({}),
  targets: z.array(z.union([target, z.string().transform((host) => target.parse({ host }))])).default([]),
  jobs: z.array(job).default([]),
});

/** What a part may be called: our own word first, then those of Director's catalogues. */
export const PART_NAMES = {
  servers: ["servers", "director_server", "directord_server"],
  agents: ["agents", "clients", "director_clients", "directord_clients"],
} as const;

/**
 * The machines of catalogues, servers first. A catalogue may hold more: values for the templates of its jobs. What stands in two catalogues is
 * put together: the targets of one, the jobs of another.
 *
 * @throws ZodError with the path of what is wrong; `catalogue_invalid`: two agents would be in one place, or have one name
 */
export function hostsOf(catalogues: readonly Readonly<Record<string, unknown>>[]): readonly BootstrapHost[] {
  const hosts = allHosts(catalogues);
  const seen = new Set<string>();
  for (const { part, host, port, username, folder, name } of hosts) {
    if (part !== "agents") continue;
    const place = `${host} port ${port}${username === null ? "" : ` as ${username}`}${folder === null ? "" : ` in ${folder}`}`;
    for (const one of [`the agent on ${place}`, ...(name === null ? [] : [`an agent named ${name}`])]) {
      if (seen.has(one)) throw new GantryError(CATALOGUE_INVALID, `${one} stands there twice`);
      seen.add(one);
    }
  }
  return hosts;
}

function allHosts(catalogues: readonly Readonly<Record<string, unknown>>[]): readonly BootstrapHost[] {
  return (["servers", "agents"] as const).flatMap((name) => {
    const parts = catalogues.flatMap((one) =>
      PART_NAMES[name].flatMap((key) => (one[key] === undefined ? [] : [parsed(key, one[key])])),
    );
    const jobs = parts.flatMap((one) => one.jobs).map(jobOf);
    return parts.flatMap(({ args, targets }) => targets.map((one) => hostOf(name, { ...args, ...one }, jobs)));
  });
}

function parsed(key: string, value: unknown): z.output<typeof part> {
  return z.object({ [key]: part }).parse({ [key]: value })[key] as z.output<typeof part>;
}

function jobOf(one: Readonly<Record<string, string>>): BootstrapJob {
  const [verb = "", text = ""] = Object.entries(one)[0] ?? [];
  return { verb: verb as JobVerb, text };
}

function hostOf(
  name: BootstrapHost["part"],
  one: z.output<typeof target>,
  jobs: readonly BootstrapJob[],
): BootstrapHost {
  return {
    part: name,
    host: one.host,
    port: one.port ?? 22,
    username: one.username ?? null,
    name: one.name ?? null,
    folder: one.folder ?? null,
    systemd: one.systemd ?? true,
    sudo: one.sudo ?? false,
    jobs,
  };
}
