import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import type { Sealer } from "../secrets/index.ts";
import type { HiddenValue, TaskDraft } from "./host.ts";
import type { Sql } from "./sql.ts";
import type { Call } from "./model.ts";
import type { Assignment } from "./task-model.ts";
import { dropSealedOfEnded, selectSealedTasks } from "./sealed-store.ts";

/**
 * Parameters that hold opened secrets are in the database only sealed: from the moment a call was prepared until an executor is given the
 * task. Beside them lie the values themselves, so that whoever does the task, and a server that was started anew, knows what to hide.
 */
export interface SealedTasks {
  /** Of a draft that says it holds secrets; undefined for others. Errors: `secrets_locked`. Not inside a transaction. */
  seal(
    tenantId: Id,
    jobId: Id,
    call: Pick<Call, "id" | "firstItem">,
    draft: TaskDraft,
  ): Promise<Uint8Array | undefined>;
  /** What an executor is given. Errors: `secrets_locked`, `secret_damaged`. Not inside a transaction. */
  open(assignment: Assignment): Promise<Assignment>;
  /**
   * Makes the redactor know what tasks hold that may still print it: all, or those of one executor, which came to this server from another.
   * What does not open is told, not thrown.
   */
  recall(owner?: Id): Promise<void>;
}

interface Content {
  readonly parameters: Json;
  readonly hide: readonly HiddenValue[];
  /** Parameters of the items of a list, by their number. */
  readonly items?: Readonly<Record<number, JsonObject>>;
  readonly shared?: JsonObject;
}

export interface SealedTaskParts {
  readonly reader: Sql;
  /** Left out: no host has secrets. */
  readonly sealer?: Pick<Sealer, "seal" | "open">;
  readonly redactor: Redactor;
  readonly log: Logger;
}

export function createSealedTasks({ reader, sealer, redactor, log }: SealedTaskParts): SealedTasks {
  async function contentOf(sealed: Uint8Array, tenantId: Id, jobId: Id, call: number): Promise<Content> {
    if (sealer === undefined) throw new Error("there is nothing that opens sealed tasks");
    const bytes = await sealer.open(tenantId, sealed, contextOf(jobId, call));
    const content = JSON.parse(bytes.toString("utf8")) as Content;
    bytes.fill(0);
    return content;
  }

  function know(hide: readonly HiddenValue[]): void {
    for (const { name, value } of hide) redactor.add(name, Buffer.from(value, "base64"));
  }

  return {
    async seal(tenantId, jobId, call, draft) {
      if (draft.hide === undefined || draft.hide.length === 0) return undefined;
      if (sealer === undefined) throw new Error("there is nothing that seals tasks");
      const { parameters, hide, batch, shared } = draft;
      const first = call.firstItem ?? 0;
      const items = batch?.map((one, index) => [first + index, one.parameters] as const);
      const content: Content = {
        parameters,
        hide,
        ...(items === undefined ? {} : { items: Object.fromEntries(items) }),
        ...(shared === undefined ? {} : { shared }),
      };
      const bytes = Buffer.from(JSON.stringify(content), "utf8");
      const sealed = await sealer.seal(tenantId, bytes, contextOf(jobId, call.id));
      bytes.fill(0);
      return sealed;
    },
    async open(assignment) {
      const { sealed, ...rest } = assignment;
      if (sealed === undefined) return assignment;
      const { tenantId, jobId, call } = assignment;
      const { parameters, hide, items, shared } = await contentOf(sealed, tenantId, jobId, call);
      // Another server may have opened the secrets.
      know(hide);
      const batch = assignment.batch?.map((one) => ({ ...one, parameters: items?.[one.item] ?? {} }));
      return {
        ...rest,
        parameters,
        hide,
        ...(batch === undefined ? {} : { batch }),
        ...(shared === undefined ? {} : { shared }),
      };
    },
    async recall(owner) {
      if (sealer === undefined) return;
      if (owner === undefined) await dropSealedOfEnded(reader);
      for (const { id, jobId, tenantId, call, sealed } of await selectSealedTasks(reader, owner)) {
        try {
          know((await contentOf(sealed, tenantId, jobId, call)).hide);
        } catch (error) {
          if (!(error instanceof GantryError)) throw error;
          log.warn({ task: id, job: jobId, error: messageOf(error) }, "cannot tell which secrets a task holds");
        }
      }
    },
  };
}

/** A sealed task opens for this call of this job alone. */
function contextOf(jobId: Id, call: number): readonly string[] {
  return ["task", jobId, String(call)];
}
