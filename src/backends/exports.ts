import { ALL_RIGHTS } from "../access/index.ts";
import type { Exporter } from "../exchange/index.ts";
import type { Keeper } from "./keeper.ts";
import type { MergedInventory } from "./merged.ts";
import { told } from "./routing.ts";

/** Exports with what backends hold. */
export function withBackendExports(exporter: Exporter, merged: MergedInventory, keeper: Keeper): Exporter {
  return {
    async run(request) {
      // Of what is kept elsewhere only the present is known.
      if (request.at !== undefined) return exporter.run(request);
      const external = await merged.external(request.tenantId);
      // Exports are for who may read the whole tenant.
      return told(keeper, { tenantId: request.tenantId, rights: ALL_RIGHTS }, exporter.run({ ...request, external }));
    },
    close: () => exporter.close(),
  };
}
