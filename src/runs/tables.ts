import type { Migration } from "../platform/database/index.ts";

interface RunTable {
  id: string;
  tenant_id: string;
  text: string;
  created_at: number;
  status: string | null;
  cancelled: number | null;
  plan: number | null;
  nodes: number | null;
  finished_at: number | null;
  starter_id: string | null;
  starter_token: string | null;
  starter_name: string | null;
  resumes: string | null;
  definition: string | null;
  /** Why it could not go on, as JSON. */
  error: string | null;
}

interface RunEntryTable {
  run_id: string;
  entry: number;
  /** Nodes. */
  total: number;
  failed: number;
  parallel: number | null;
  batch: number | null;
  max_failures: number | null;
  is_async: number;
  goes_on: number;
}

interface RunStageTable {
  run_id: string;
  stage: number;
  entry: number;
  total: number;
  begun: number;
  ended: number;
  /** The node that does what is done once. */
  first: number | null;
  /** What the stage before it collected: the value of the argument `query`. */
  given: string | null;
  started_at: number | null;
  finished_at: number | null;
}

interface RunNodeTable {
  run_id: string;
  node: number;
  agent_id: string;
  name: string;
  /** Why it takes no further part: `failed` or `unreachable`. */
  out: string | null;
  /** It was away while others waited for it: since then nobody does, and it follows by itself. */
  lags: number | null;
}

interface RunJobTable {
  run_id: string;
  stage: number;
  node: number;
  job_id: string | null;
  state: string;
  /** Lines it has to do, as JSON; null: all of the stage. */
  chosen: string | null;
  changed_at: number;
  ok: number;
  changed: number;
  failed: number;
  skipped: number;
  interrupted: number;
  unreachable: number;
  exit_code: number | null;
  message: string | null;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    run: RunTable;
    run_entry: RunEntryTable;
    run_stage: RunStageTable;
    run_node: RunNodeTable;
    run_job: RunJobTable;
  }
}

export const migrations: readonly Migration[] = [
  {
    name: "1801_runs",
    statements: (types) => [
      `create table run (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        text ${types.text} not null,
        created_at ${types.time} not null
      )${types.strict}`,
    ],
  },
  {
    // Runs of many verbs: how far each of their stages is, and what became of it on each node.
    name: "1802_orchestrations",
    statements: ({ id, text, json, time, integer, flag, strict }) => [
      `ALTER TABLE run ADD COLUMN status ${text}`,
      `ALTER TABLE run ADD COLUMN cancelled ${flag}`,
      `ALTER TABLE run ADD COLUMN plan ${flag}`,
      `ALTER TABLE run ADD COLUMN nodes ${integer}`,
      `ALTER TABLE run ADD COLUMN finished_at ${time}`,
      `ALTER TABLE run ADD COLUMN starter_id ${id}`,
      `ALTER TABLE run ADD COLUMN starter_token ${id}`,
      `ALTER TABLE run ADD COLUMN starter_name ${text}`,
      `ALTER TABLE run ADD COLUMN resumes ${id}`,
      `ALTER TABLE run ADD COLUMN definition ${json}`,
      `CREATE INDEX run_tenant ON run (tenant_id, id)`,
      `CREATE INDEX run_running ON run (id) WHERE status = 'running'`,
      `CREATE TABLE run_entry (
        run_id ${id} NOT NULL REFERENCES run(id),
        entry ${integer} NOT NULL,
        total ${integer} NOT NULL,
        failed ${integer} NOT NULL,
        parallel ${integer},
        batch ${integer},
        max_failures ${integer},
        is_async ${flag} NOT NULL,
        goes_on ${flag} NOT NULL,
        PRIMARY KEY (run_id, entry)
      )${strict}`,
      `CREATE TABLE run_stage (
        run_id ${id} NOT NULL REFERENCES run(id),
        stage ${integer} NOT NULL,
        entry ${integer} NOT NULL,
        total ${integer} NOT NULL,
        begun ${integer} NOT NULL,
        ended ${integer} NOT NULL,
        first ${integer},
        given ${json},
        started_at ${time},
        finished_at ${time},
        PRIMARY KEY (run_id, stage)
      )${strict}`,
      `CREATE TABLE run_node (
        run_id ${id} NOT NULL REFERENCES run(id),
        node ${integer} NOT NULL,
        agent_id ${id} NOT NULL,
        name ${text} NOT NULL,
        out ${text},
        PRIMARY KEY (run_id, node)
      )${strict}`,
      `CREATE TABLE run_job (
        run_id ${id} NOT NULL REFERENCES run(id),
        stage ${integer} NOT NULL,
        node ${integer} NOT NULL,
        job_id ${id},
        state ${text} NOT NULL,
        chosen ${json},
        changed_at ${time} NOT NULL,
        ok ${integer} NOT NULL,
        changed ${integer} NOT NULL,
        failed ${integer} NOT NULL,
        skipped ${integer} NOT NULL,
        interrupted ${integer} NOT NULL,
        unreachable ${integer} NOT NULL,
        exit_code ${integer},
        message ${text},
        PRIMARY KEY (run_id, stage, node)
      )${strict}`,
      `CREATE INDEX run_job_waiting ON run_job (run_id, stage, node) WHERE state = 'waiting'`,
      `CREATE INDEX run_job_changed ON run_job (run_id, changed_at)`,
    ],
  },
  {
    // Nodes that are away do not hold up the others.
    name: "1803_lagging_nodes",
    statements: ({ flag }) => [
      `ALTER TABLE run_node ADD COLUMN lags ${flag}`,
      `CREATE INDEX run_node_lags ON run_node (run_id, node) WHERE lags = 1`,
      `CREATE INDEX run_job_begun ON run_job (run_id, changed_at) WHERE state = 'begun'`,
    ],
  },
  {
    // A run that cannot go on ends, and says why.
    name: "1804_run_errors",
    statements: ({ json }) => [`ALTER TABLE run ADD COLUMN error ${json}`],
  },
];
