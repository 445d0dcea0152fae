import { existsSync } from "node:fs";
import type { RealPart } from "./real-part.ts";

/** The system's `ping`. */
export const pingPart: RealPart = {
  name: "ping",
  packages: ["iputils-ping"],
  present: () => existsSync("/usr/bin/ping") || existsSync("/bin/ping"),
};
