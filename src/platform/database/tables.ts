/**
 * Every table of the program, by name, as Kysely sees it. Each room adds its own in its `store.ts`, so that the platform knows none:
 *
 *     declare module "../platform/database/tables.ts" {
 *       interface Tables {
 *         task: TaskTable;
 *       }
 *     }
 */
export interface Tables {}
