import type { JobTarget } from "../jobs/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What a function of a manual foundation means for a person, and what is known when nobody has to be asked. */

export const MANUAL = "manual";

/** What was last said of a machine that only people can look at. */
export interface Said {
  readonly created: boolean;
  readonly power: "on" | "off";
}

/** What is read of a foundation, and written to it. */
export const IDENTIFIERS = { created: "manual_created", power: "manual_power" } as const;

export function saidOf(identifiers: JsonObject): Said {
  return {
    created: identifiers[IDENTIFIERS.created] === true,
    power: identifiers[IDENTIFIERS.power] === "on" ? "on" : "off",
  };
}

/** An interface of the machine, as the inventory has it. */
export interface Plug {
  readonly device: string;
  readonly mac: string | null;
}

export interface ManualFunction {
  /** What a person is to do; left out: nobody is asked. */
  ask?(name: string): string;
  /** The answer when nobody has to be asked, because it is so already. Undefined: a person is asked. */
  known(said: Said, plugs: readonly Plug[]): Json | undefined;
  /** What the call answers when the person says that it is done. */
  readonly done?: Json;
  /** What is to be noted then. */
  readonly after?: Partial<Said>;
}

/** The functions that scripts know every driver by (`src/drivers/driver.ts`). */
export const MANUAL_FUNCTIONS: Readonly<Record<string, ManualFunction>> = {
  create: {
    ask: (name) => `set up ${name}`,
    known: ({ created }) => (created ? { adopted: true } : undefined),
    done: { adopted: false },
    after: { created: true },
  },
  destroy: {
    ask: (name) => `take ${name} down`,
    known: ({ created, power }) => (created || power === "on" ? undefined : { removed: false }),
    done: { removed: true },
    after: { created: false, power: "off" },
  },
  power_on: {
    ask: (name) => `switch ${name} on`,
    known: ({ power }) => (power === "on" ? { power: "on", adopted: true } : undefined),
    done: { power: "on", adopted: false },
    after: { power: "on" },
  },
  power_off: {
    ask: (name) => `switch ${name} off`,
    known: ({ power }) => (power === "off" ? { power: "off" } : undefined),
    done: { power: "off" },
    after: { power: "off" },
  },
  wait_for_poweroff: {
    ask: (name) => `say when ${name} is off`,
    known: ({ power }) => (power === "off" ? { power: "off" } : undefined),
    done: { power: "off" },
    after: { power: "off" },
  },
  power_state: { known: ({ power }) => ({ power }) },
  link_test: { known: () => true },
  interface_map: {
    known: (_, plugs) =>
      plugs.map(({ device, mac }) => ({ name: device, mac, addresses: [], network: null, gateway: null })),
  },
};

/** Other names scripts know them by. */
export const MANUAL_ALIASES: Readonly<Record<string, string>> = { start: "power_on", stop: "power_off" };

/** Something a person is asked to do. */
export interface Todo {
  /** Of the task, or of the job that is paused. */
  readonly id: string;
  readonly kind: "task" | "paused";
  readonly jobId: string;
  /** The job's script. */
  readonly script: string;
  readonly target: JobTarget;
  /** What to do. */
  readonly text: string;
  /** What else helps: where it stands, whom to ask. */
  readonly details: JsonObject;
  readonly since: number;
  /** When it fails if nobody answers; null: never. */
  readonly expiresAt: number | null;
}
