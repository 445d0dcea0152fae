import { setFlagsFromString } from "node:v8";

/**
 * An agent waits most of its life, beside what the node is for. The compilers for code that runs hot, and the room for what is young, would
 * keep a quarter of its memory; a list of a thousand commands is no faster with them. Loaded before everything else.
 */
for (const flag of ["--no-opt", "--no-maglev", "--optimize-for-size", "--semi-space-growth-factor=1"])
  setFlagsFromString(flag);
