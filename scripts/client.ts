import { readFileSync } from "node:fs";
import { join } from "node:path";
import { operationTable, operationTypes, type OpenApi } from "./client-source.ts";
import { keepGenerated, repository } from "./generated.ts";

// Writes the client's operations from docs/openapi.json, or checks them with --check.

const document = JSON.parse(readFileSync(join(repository, "docs/openapi.json"), "utf8")) as OpenApi;
keepGenerated("src/client/operations.generated.ts", operationTypes(document), "npm run client");
keepGenerated("src/client/operation-table.generated.ts", operationTable(document), "npm run client");
