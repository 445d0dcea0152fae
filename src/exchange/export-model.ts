import type { RightPlaces } from "../access/index.ts";
import type { ExternalRows } from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";

/** What is asked of an export. Plain data: it goes to another thread. */
export interface ExportRequest {
  readonly tenantId: Id;
  /** `all`, or the id or name of a group. */
  readonly group: string;
  readonly format: ExportFormat;
  /** One bundle for each host. */
  readonly each: boolean;
  /** Whether hosts get the built-in variables. */
  readonly builtIn: boolean;
  readonly filter: ExportFilter;
  /** As it was then, epoch milliseconds. Left out: as it is. */
  readonly at?: number | undefined;
  /** Of whose rights reach only some places: where things may be read. Left out: everywhere. */
  readonly readable?: RightPlaces | undefined;
  /** What backends hold, over what the database does. Left out: nothing. */
  readonly external?: readonly ExternalRows[];
}

export const EXPORT_FORMATS = ["tgz", "zip", "json"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Which structures; every member that is given must hold. */
export interface ExportFilter {
  readonly site?: string | undefined;
  readonly blueprint?: string | undefined;
  /** `KEY` or `KEY=VALUE`; all of them. */
  readonly label?: readonly string[] | undefined;
  /** `PATH:JSON` in the resolved variables; all of them. */
  readonly vars?: readonly string[] | undefined;
  /** Names; one of them. */
  readonly host?: readonly string[] | undefined;
}

/** What is known of an export before its bytes. */
export interface ExportHead {
  readonly group: string;
  readonly hosts: number;
}
