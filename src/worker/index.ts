export { runWorker, startWorker } from "./worker.ts";
