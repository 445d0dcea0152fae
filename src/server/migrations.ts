import { accessMigrations } from "../access/index.ts";
import { backendMigrations } from "../backends/index.ts";
import { bootMigrations } from "../boot/index.ts";
import { changeMigrations } from "../changes/index.ts";
import { customVerbMigrations } from "../custom-verbs/index.ts";
import { designMigrations } from "../design/index.ts";
import { dnsMigrations } from "../dns/index.ts";
import { fleetMigrations } from "../fleet/index.ts";
import { foremanMigrations } from "../foreman/index.ts";
import { inventoryMigrations } from "../inventory/index.ts";
import { jobMigrations } from "../jobs/index.ts";
import { machineMigrations } from "../machines/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { runMigrations } from "../runs/index.ts";
import { webhookMigrations } from "../webhooks/index.ts";
import { secretMigrations } from "../secrets/index.ts";

/** Every migration of the program, in order. */
export const MIGRATIONS = [
  ...eventMigrations,
  ...accessMigrations,
  ...secretMigrations,
  ...jobMigrations,
  ...inventoryMigrations,
  ...dnsMigrations,
  ...designMigrations,
  ...foremanMigrations,
  ...fleetMigrations,
  ...bootMigrations,
  ...runMigrations,
  ...webhookMigrations,
  ...backendMigrations,
  ...changeMigrations,
  ...machineMigrations,
  ...customVerbMigrations,
];
