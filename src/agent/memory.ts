import { setFlagsFromString } from "node:v8";

/**
 * An agent waits most of its life, beside what the node is for. The compilers for code that runs hot, and the room for what is young, would
 * keep a quarter of its memory; a list of a thousand commands is no faster with them. Loaded before everything else.
 *
 * The one compiler left works in the main thread. In another it may wait for a garbage collection there, and `process.exit` for that other
 * thread: then an agent that was told to stop is there for ever (nodejs/node#54918).
 */
const FLAGS = [
  "--no-opt",
  "--no-maglev",
  "--no-concurrent-sparkplug",
  "--optimize-for-size",
  "--semi-space-growth-factor=1",
];
for (const flag of FLAGS) setFlagsFromString(flag);
