/** A thread that renders, one job at a time. In what is published it is a bundle of its own, `template-worker.js`. */
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../kernel/errors.ts";
import type { Health } from "./engine.ts";
import type { Job } from "./job.ts";
import { doJob } from "./job.ts";
import type { TemplateLimits } from "./model.ts";
import { startEngine } from "./wasm.ts";

function main(limits: TemplateLimits): void {
  const port = parentPort;
  invariant(port !== null, "this file is a thread's entry");
  const health: Health = { broken: false, panic: undefined };
  // The engine's last words come this way; they belong into the error, not onto the terminal.
  Object.assign(console, {
    error(said: unknown) {
      health.panic = String(said);
    },
  });
  startEngine(limits.memoryBytes);
  port.on("message", (job: Job) => port.postMessage(doJob(job, limits, health)));
  port.postMessage("ready");
}

main(workerData as TemplateLimits);
