import { blueprintRoutes, createBlueprintImportService } from "../design/index.ts";
import { createInventoryService } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { check, type Catalogue } from "../tscript/index.ts";

type EditParts = Parameters<typeof createInventoryService>[0];

/** Import and check of blueprints. */
export function composeBlueprints(
  http: HttpServer,
  parts: EditParts,
  known: (tenantId: Id) => { readonly catalogue: Catalogue; readonly foundationTypes: readonly string[] },
): void {
  // What is imported may call what a worker will bring one day: only the language must be right.
  const knowledge = {
    scriptProblems: (text: string, file: string) => check(text, file),
    attributeProblems: () => [],
  };
  const { edit } = createInventoryService({ ...parts, knowledge });
  blueprintRoutes(http, createBlueprintImportService({ inventory: parts.inventory, edit, known }));
}
