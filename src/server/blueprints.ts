import type { Boot } from "../boot/index.ts";
import { blueprintRoutes, createBlueprintImportService } from "../design/index.ts";
import { makeEdits, type createInventoryService } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { check, type Catalogue } from "../tscript/index.ts";

type EditParts = Parameters<typeof createInventoryService>[0];

/** Import and check of blueprints. */
export function composeBlueprints(
  http: HttpServer,
  editing: EditParts,
  boot: Boot["profiles"],
  known: (tenantId: Id) => { readonly catalogue: Catalogue; readonly foundationTypes: readonly string[] },
): void {
  // What is imported may call what a worker will bring one day: only the language must be right.
  const knowledge = {
    scriptProblems: (text: string, file: string) => check(text, file),
    attributeProblems: () => [],
  };
  const blueprints = createBlueprintImportService({
    database: editing.database,
    inventory: editing.inventory,
    known,
    edit: (tx, principal, edits, options) => makeEdits({ ...editing, knowledge }, tx, principal, edits, options),
    profiles: { list: boot.list, save: boot.save, remove: boot.drop },
  });
  blueprintRoutes(http, blueprints);
}
