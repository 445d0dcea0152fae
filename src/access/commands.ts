import { readExportLine } from "./audit-model.ts";
import { walkAudit, type AuditPlace, type AuditVerdict } from "./audit-verify.ts";

/** What the command line does without a server. */

export interface ExportVerdict extends AuditVerdict {
  /** The number of the first entry. 0: there is none. */
  readonly first: number;
  /** Of which chain they are; undefined: there is none. */
  readonly chain: string | undefined;
}

/**
 * Whether the lines of an export are as they were written, and none is missing between the first and the last. `known`: a head that was
 * written down. Blank lines count for nothing.
 */
export async function verifyLines(
  lines: AsyncIterable<string> | Iterable<string>,
  known?: AuditPlace,
): Promise<ExportVerdict> {
  let walk: ReturnType<typeof walkAudit> | undefined;
  let first = 0;
  let chain: string | undefined;
  let count = 0;
  for await (const text of lines) {
    count += 1;
    if (text.trim() === "") continue;
    const read = readExportLine(text);
    if (read === undefined) {
      const verdict = (walk ?? walkAudit()).end();
      const message = `line ${count} is not a line of an export of the audit`;
      return { ...verdict, first, chain, damage: { seq: verdict.last.seq + 1, kind: "changed", message } };
    }
    const { entry, line, hash } = read;
    if (walk === undefined) {
      first = entry.seq;
      chain = entry.chain;
      // What comes before the first line is not known; what it says of it is.
      walk = walkAudit(known, { seq: entry.seq - 1, hash: entry.prev });
    }
    if (!walk.next({ seq: entry.seq, hash, prev: entry.prev, line })) break;
  }
  return { ...(walk ?? walkAudit(known)).end(), first, chain };
}
