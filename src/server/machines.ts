import {
  createMachineService,
  createMachineTokenService,
  machineRoutes,
  type MachineServiceParts,
} from "../machines/index.ts";
import type { HttpServer } from "../platform/http/index.ts";

/** Machines that register themselves. */
export function composeMachines(http: HttpServer, parts: MachineServiceParts & { pin(): string }): void {
  machineRoutes(http, createMachineService(parts), createMachineTokenService(parts));
}
