import type { TestProject } from "vitest/node";
import { messageOf } from "../../src/kernel/errors.ts";
import { installMissing, REAL_PARTS } from "./debian.ts";
import type { PartState, StartedPart } from "./real-part.ts";

declare module "vitest" {
  interface ProvidedContext {
    realParts: Readonly<Record<string, PartState>>;
  }
}

const started: StartedPart[] = [];

/** Once for the whole run: installs what is missing, starts what is shared, and tells the tests what there is. */
export async function setup(project: TestProject): Promise<void> {
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
  project.provide("realParts", states);
}

export async function teardown(): Promise<void> {
  for (const part of started.splice(0).reverse()) await part.stop();
}
