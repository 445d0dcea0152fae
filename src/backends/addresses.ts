import { externalRow, type AllocationService, type OwnedKind } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import { GantryError } from "../kernel/errors.ts";
import { BACKEND_READ_ONLY } from "./errors.ts";
import type { Keeper } from "./keeper.ts";
import type { MergedInventory } from "./merged.ts";
import { backendOf } from "./model.ts";
import { told } from "./routing.ts";

/** Addresses of blocks that are kept elsewhere are seen here, and given out there. `service` reads the merged inventory. */
export function withBackendAddresses(
  service: AllocationService,
  merged: MergedInventory,
  keeper: Keeper,
): AllocationService {
  /** Errors: `backend_read_only`. */
  async function kept(tenantId: Id, kind: OwnedKind, idOrName: string | undefined): Promise<void> {
    if (idOrName === undefined || keeper.of(tenantId).length === 0) return;
    const row = externalRow(await merged.store.snapshot(tenantId), kind, idOrName);
    const owner = row === undefined ? undefined : backendOf(row.managedBy);
    if (row === undefined || owner === undefined) return;
    const place = keeper.of(tenantId).find(({ backend }) => backend.name === owner)?.port?.place ?? "there";
    throw new GantryError(
      BACKEND_READ_ONLY,
      `'${row.name}' is of backend '${owner}': its addresses are given out and taken back ${place}`,
    );
  }

  return {
    use: (principal, block) => told(keeper, principal, service.use(principal, block)),
    nextFree: (principal, block, count) => told(keeper, principal, service.nextFree(principal, block, count)),
    async allocate(principal, block, request, asked) {
      await kept(principal.tenantId, "address_block", block);
      await kept(principal.tenantId, "structure", request.structure);
      return told(keeper, principal, service.allocate(principal, block, request, asked));
    },
    async release(principal, block, request, asked) {
      await kept(principal.tenantId, "address_block", block);
      await kept(principal.tenantId, "structure", request.structure);
      return told(keeper, principal, service.release(principal, block, request, asked));
    },
  };
}
