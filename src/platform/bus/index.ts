export type { Bus, BusHandler, Unsubscribe } from "./bus.ts";
export { createInProcessBus } from "./in-process.ts";
