import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Clock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { FunctionContext, Module } from "../link/index.ts";
import { processesMarked, signal } from "../executor/index.ts";
import { createAgentModule } from "./module.ts";
import { SERVICE_MARKER } from "./service/process.ts";

/** For tests: an agent's module in a temporary folder, called as the executor would. */
export interface TestAgent {
  readonly home: string;
  readonly state: string;
  readonly module: Module;
  /** What all calls wrote, by stream. */
  readonly written: { stdout: string; stderr: string };
  /** Lines for the jobs' logs. */
  readonly messages: string[];
  /** Content the "server" holds, by hash. */
  readonly content: Map<string, Uint8Array>;
  /** What it brought to the "server", by hash. */
  readonly brought: ReadonlyMap<string, Uint8Array>;
  /** Where in content it began to read, each time. */
  readonly asked: readonly number[];
  /** How often the facts were said to have changed. */
  noticed(): number;
  call(name: string, parameters: Json, options?: TestCall): Promise<Json>;
  /** Another module over the same folders, as after the agent's death. */
  again(): Promise<TestAgent>;
  remove(): Promise<void>;
}

interface TestCall extends Pick<FunctionContext, "hiding" | "shared" | "item"> {
  readonly signal?: AbortSignal;
  readonly key?: string;
}

/** A clock on which what an agent waits for by the second, to start something again or to look again, comes soon. */
const soon: Clock = {
  now: systemClock.now,
  after: (milliseconds, action) => systemClock.after(milliseconds < 1000 ? milliseconds : milliseconds / 20, action),
};

export async function createTestAgent(
  folder = mkdtempSync(join(realpathSync(tmpdir()), "gantry-verbs-")),
): Promise<TestAgent> {
  const home = folder;
  const state = join(folder, ".state");
  let noticed = 0;
  const module = await createAgentModule({
    home,
    state,
    clock: soon,
    environment: process.env,
    limit: 4,
    warn: () => undefined,
    noticed: () => (noticed += 1),
  });
  const messages: string[] = [];
  const written = { stdout: "", stderr: "" };
  const content = new Map<string, Uint8Array>();
  const asked: number[] = [];
  const brought = new Map<string, Uint8Array>();
  return {
    home,
    state,
    module,
    written,
    messages,
    content,
    asked,
    noticed: () => noticed,
    brought,
    async call(name, parameters, options = {}) {
      const wanted = module.functions[name]!;
      const context: FunctionContext = {
        key: options.key ?? "test-task",
        attempt: 1,
        signal: options.signal ?? new AbortController().signal,
        clock: systemClock,
        output: (stream, chunk) => {
          written[stream] += Buffer.from(chunk).toString();
        },
        message: (text) => messages.push(text),
        ...(options.shared === undefined ? {} : { shared: options.shared }),
        ...(options.item === undefined ? {} : { item: options.item }),
        ...(options.hiding === undefined ? {} : { hiding: options.hiding }),
        async bring({ sha256, read }) {
          const pieces: Uint8Array[] = [];
          for await (const piece of read(0)) pieces.push(piece);
          brought.set(sha256, Buffer.concat(pieces));
        },
        async *content(sha256, from = 0) {
          asked.push(from);
          const bytes = content.get(sha256);
          if (bytes === undefined) throw new Error(`no content ${sha256}`);
          yield bytes.subarray(from);
        },
      };
      return wanted.run(wanted.parameters.strict().parse(parameters), context);
    },
    again: () => createTestAgent(folder),
    async remove() {
      await module.close?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends every service of a test agent, whatever its records say. */
export function endTestServices(agent: TestAgent, names: readonly string[]): void {
  for (const name of names)
    for (const pid of processesMarked(SERVICE_MARKER, `${agent.state}/${name}`)) signal(pid, "SIGKILL");
}
