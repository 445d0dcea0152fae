import { createHash } from "node:crypto";
import { agentBundle } from "../executor/index.ts";

/** What an agent runs on where nothing is installed: this very Node, and the agent as one file. */
export interface ServedRuntime {
  /** Path of Node's binary. */
  readonly node: string;
  readonly bundle: Uint8Array;
  /** Names this pair: another version of either has another hash. */
  readonly hash: string;
}

export async function agentRuntime(): Promise<ServedRuntime> {
  const bundle = await agentBundle();
  const hash = createHash("sha256").update(bundle).update(process.version).update(process.arch).digest("hex");
  return { node: process.execPath, bundle, hash };
}
