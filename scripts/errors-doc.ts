import { errorsDocument, loadErrors } from "./error-list.ts";
import { keepGenerated } from "./generated.ts";

// Writes docs/errors.md from the registry of errors, or checks it with --check.

keepGenerated("docs/errors.md", errorsDocument(await loadErrors()), "npm run errors");
