import { forgetWritten } from "../design/index.ts";
import type { Id } from "../kernel/ids.ts";
import { pinOf } from "../link/index.ts";
import {
  createMachineService,
  createMachineTokenService,
  deleteOfTenant,
  machineRoutes,
  type MachineServiceParts,
} from "../machines/index.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { CertificateKeeper, HttpServer } from "../platform/http/index.ts";

/** Machines that register themselves. */
export function composeMachines(http: HttpServer, parts: MachineServiceParts, certificates: CertificateKeeper): void {
  const pin = (): string => pinOf(certificates.current.authority);
  machineRoutes(http, createMachineService(parts), createMachineTokenService({ ...parts, pin }));
}

/** With a tenant go its machines, their tokens, and what its imports wrote. */
export async function forgetMachines(tx: Transaction, tenantId: Id): Promise<void> {
  await deleteOfTenant(tx, tenantId);
  await forgetWritten(tx, tenantId);
}
