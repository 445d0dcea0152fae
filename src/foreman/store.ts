import type { Id } from "../kernel/ids.ts";
import type { QueryRecord, StructureQuestion } from "../inventory/index.ts";
import { canonicalJson, type Json } from "../kernel/json.ts";
import type { Database, Migration, Transaction } from "../platform/database/index.ts";

interface ForemanQuestionTable {
  job_id: string;
  /** Canonical JSON of the question. */
  question: string;
  /** Of the last answer. */
  hash: string;
}

interface ForemanServiceTable {
  job_id: string;
  name: string;
  /** What a script asked of it last: `started`, `stopped`, `absent`. */
  state: string;
}

interface ForemanConfigTable {
  job_id: string;
  /** Of a variable that a script set. */
  name: string;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    foreman_question: ForemanQuestionTable;
    foreman_service: ForemanServiceTable;
    foreman_config: ForemanConfigTable;
  }
}

export const migrations: readonly Migration[] = [
  {
    name: "1501_foreman_questions",
    statements: (types) => [
      `create table foreman_question (
        job_id ${types.id} not null,
        question ${types.json} not null,
        hash ${types.text} not null,
        primary key (job_id, question)
      )${types.strict}`,
    ],
  },
  {
    name: "1502_foreman_services",
    statements: (types) => [
      `create table foreman_service (
        job_id ${types.id} not null,
        name ${types.text} not null,
        state ${types.text} not null,
        primary key (job_id, name)
      )${types.strict}`,
    ],
  },
  {
    name: "1503_foreman_config",
    statements: (types) => [
      `create table foreman_config (
        job_id ${types.id} not null,
        name ${types.text} not null,
        primary key (job_id, name)
      )${types.strict}`,
    ],
  },
];

/** What a script asks of a service: it is there afterwards, running or not, or it is not. */
export type ServiceWish = "started" | "stopped" | "absent";

/**
 * What scripts did while their jobs ran that a later plan has to know: what they asked the inventory (an answer that changes makes what they
 * built stale), the services they left, and which variables they set themselves. It is kept until the job is done, also when it fails: a
 * retry goes on where it stood.
 */
export interface ForemanStore {
  /** May be called again for the same service: the last wish counts. */
  keepService(jobId: Id, name: string, wish: ServiceWish): Promise<void>;
  /** The services of a job and what was asked of them last; forgotten then. */
  takeServices(tx: Transaction, jobId: Id): Promise<ReadonlyMap<string, ServiceWish>>;
  /** A variable was set. May be called again for the same name. */
  keepConfig(tx: Transaction, jobId: Id, name: string): Promise<void>;
  /** The names of variables a job set; forgotten then. */
  takeConfig(tx: Transaction, jobId: Id): Promise<readonly string[]>;
  /** May be called again for the same question: the last answer counts. */
  keepQuestion(jobId: Id, record: QueryRecord): Promise<void>;
  /** The questions of a job, which are then forgotten: they go into what it built. */
  takeQuestions(tx: Transaction, jobId: Id): Promise<readonly QueryRecord[]>;
}

export function createForemanStore(database: Database): ForemanStore {
  return {
    async keepService(jobId, name, wish) {
      await database.kysely
        .insertInto("foreman_service")
        .values({ job_id: jobId, name, state: wish })
        .onConflict((conflict) => conflict.columns(["job_id", "name"]).doUpdateSet({ state: wish }))
        .execute();
    },
    async takeServices(tx, jobId) {
      const rows = await tx
        .selectFrom("foreman_service")
        .select(["name", "state"])
        .where("job_id", "=", jobId)
        .orderBy("name")
        .execute();
      if (rows.length > 0) await tx.deleteFrom("foreman_service").where("job_id", "=", jobId).execute();
      return new Map(rows.map(({ name, state }) => [name, state as ServiceWish]));
    },
    async keepConfig(tx, jobId, name) {
      await tx
        .insertInto("foreman_config")
        .values({ job_id: jobId, name })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async takeConfig(tx, jobId) {
      const rows = await tx
        .selectFrom("foreman_config")
        .select("name")
        .where("job_id", "=", jobId)
        .orderBy("name")
        .execute();
      if (rows.length > 0) await tx.deleteFrom("foreman_config").where("job_id", "=", jobId).execute();
      return rows.map(({ name }) => name);
    },
    async keepQuestion(jobId, record) {
      await database.kysely
        .insertInto("foreman_question")
        .values({ job_id: jobId, question: canonicalJson(record.question as Json), hash: record.hash })
        .onConflict((conflict) => conflict.columns(["job_id", "question"]).doUpdateSet({ hash: record.hash }))
        .execute();
    },
    async takeQuestions(tx, jobId) {
      const rows = await tx
        .selectFrom("foreman_question")
        .select(["question", "hash"])
        .where("job_id", "=", jobId)
        .orderBy("question")
        .execute();
      if (rows.length > 0) await tx.deleteFrom("foreman_question").where("job_id", "=", jobId).execute();
      return rows.map((row) => ({ question: JSON.parse(row.question) as StructureQuestion, hash: row.hash }));
    },
  };
}
