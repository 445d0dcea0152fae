import { pinOf } from "../link/index.ts";
import {
  createMachineService,
  createMachineTokenService,
  machineRoutes,
  type MachineServiceParts,
} from "../machines/index.ts";
import type { CertificateKeeper, HttpServer } from "../platform/http/index.ts";

/** Machines that register themselves. */
export function composeMachines(http: HttpServer, parts: MachineServiceParts, certificates: CertificateKeeper): void {
  const pin = (): string => pinOf(certificates.current.authority);
  machineRoutes(http, createMachineService(parts), createMachineTokenService({ ...parts, pin }));
}
