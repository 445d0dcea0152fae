import { keepGenerated } from "./generated.ts";
import { openApiDocument } from "../src/server/openapi.ts";

// Writes docs/openapi.json from the routes, or checks it with --check.

keepGenerated("docs/openapi.json", `${JSON.stringify(await openApiDocument(), null, 2)}\n`, "npm run openapi");
