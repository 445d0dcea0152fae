export type { JoinFile } from "./identity.ts";
export { limitedSignal } from "./limited.ts";
export { createTail } from "./tail.ts";
export { openJournal } from "./journal.ts";
export { type LinkedExecutor, startEmbeddedExecutor, startLinkedExecutor } from "./linked.ts";
export { runUntil } from "./run.ts";
export type { ProcessName } from "./processes.ts";
export { endGroup, endProcesses, groupMembers, isRunning, processesMarked, processName, signal } from "./processes.ts";
export { agentBundle, buildAgentBundle } from "./bundle.ts";
