import { existsSync } from "node:fs";
import type { RealPart } from "./real-part.ts";

/** Python, with the package that signs as workers do. */
export const pythonPart: RealPart = {
  name: "python",
  packages: ["python3", "python3-cryptography"],
  present: () => existsSync("/usr/bin/python3") && existsSync("/usr/lib/python3/dist-packages/cryptography"),
};
