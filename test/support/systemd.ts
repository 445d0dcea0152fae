import { existsSync } from "node:fs";
import type { RealPart } from "./real-part.ts";

/** What reads units as systemd does. It need not be the system's init. */
export const systemdPart: RealPart = {
  name: "systemd",
  packages: ["systemd"],
  present: () => existsSync("/usr/bin/systemd-analyze"),
};
