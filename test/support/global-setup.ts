import type { TestProject } from "vitest/node";
import { messageOf } from "../../src/kernel/errors.ts";
import { installMissing, REAL_PARTS } from "./debian.ts";
import type { PartState, StartedPart } from "./real-part.ts";

declare module "vitest" {
  interface ProvidedContext {
    realParts: Readonly<Record<string, PartState>>;
  }
}

interface Parts {
  readonly states: Readonly<Record<string, PartState>>;
  readonly started: readonly StartedPart[];
}

/** Both projects of real tests share the parts, and each loads this module for itself. */
const shared = globalThis as { gantryRealParts?: { readonly parts: Promise<Parts>; users: number } };

/** Once for the whole run: installs what is missing, starts what is shared, and tells the tests what there is. */
export async function setup(project: TestProject): Promise<void> {
  shared.gantryRealParts ??= { parts: start(), users: 0 };
  shared.gantryRealParts.users += 1;
  project.provide("realParts", (await shared.gantryRealParts.parts).states);
}

export async function teardown(): Promise<void> {
  const own = shared.gantryRealParts;
  if (own === undefined || --own.users > 0) return;
  delete shared.gantryRealParts;
  for (const part of [...(await own.parts).started].reverse()) await part.stop();
}

async function start(): Promise<Parts> {
  const started: StartedPart[] = [];
  const notInstalled = await installMissing(REAL_PARTS);
  const states: Record<string, PartState> = {};
  for (const part of REAL_PARTS) {
    if (!part.present()) {
      states[part.name] = {
        missing: notInstalled ?? `the Debian packages ${part.packages.join(", ")} do not bring it`,
      };
      continue;
    }
    try {
      const running = await part.start?.();
      if (running !== undefined) started.push(running);
      states[part.name] = { address: running?.address ?? "" };
    } catch (error) {
      states[part.name] = { missing: messageOf(error) };
    }
  }
  return { states, started };
}
