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
      return told(keeper, request, exporter.run({ ...request, external }));
    },
    close: () => exporter.close(),
  };
}
