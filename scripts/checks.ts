/** What must hold besides the tests: a name and the npm script that says so. `npm run check` and test/check.test.ts run them. */
export const CHECKS = [
  "types",
  "lint",
  "format:check",
  "unused",
  "openapi:check",
  "client:check",
  "errors:check",
  "commands:check",
  "verbs:check",
  "settings:check",
  "parser:check",
  "pictures:check",
] as const;
