import { auditMigrations } from "../access/index.ts";
import type { ColumnTypes, Migration } from "../platform/database/index.ts";

/**
 * The tables of the job engine. Partial indexes keep what is looked for often (runnable jobs, ready tasks, open tasks of a job) as small
 * as the work at hand, however long the history is.
 */
export const jobMigrations: readonly Migration[] = [
  // What is asked of a job is told in the audit.
  ...auditMigrations,
  { name: "0801_jobs", statements: jobTables },
  {
    name: "0802_finished_jobs",
    statements: () => [`CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL`],
  },
  {
    // Parameters that hold secrets, in the place of `parameters`.
    name: "0803_sealed_tasks",
    statements: ({ blob }) => [
      `ALTER TABLE task ADD COLUMN sealed ${blob}`,
      `CREATE INDEX task_sealed ON task (job_id) WHERE sealed IS NOT NULL`,
    ],
  },
  {
    // Whose rights a job has; and whose tenant a task is, so that nobody else's worker is given it.
    name: "0804_starters",
    statements: ({ id, text }) => [
      `ALTER TABLE job ADD COLUMN starter_id ${id}`,
      `ALTER TABLE job ADD COLUMN starter_token ${id}`,
      `ALTER TABLE job ADD COLUMN starter_name ${text}`,
      `ALTER TABLE task ADD COLUMN tenant_id ${id}`,
      `UPDATE task SET tenant_id = (SELECT tenant_id FROM job WHERE job.id = task.job_id)`,
      `DROP INDEX task_site`,
      `CREATE INDEX task_site ON task (module, tenant_id, not_before, id, site_id) WHERE status = 'ready' AND site_id IS NOT NULL`,
    ],
  },
  {
    // Tasks that people, machines and receivers of webhooks answer.
    name: "0805_outside_tasks",
    statements: ({ text }) => [
      `ALTER TABLE task ADD COLUMN outside ${text}`,
      `CREATE INDEX task_outside ON task (outside, id) WHERE status = 'ready' AND outside IS NOT NULL`,
    ],
  },
  {
    // What can be taken back, whether anything of it was begun, and the tasks that take it back.
    name: "0806_undo",
    statements: ({ flag, id, json }) => [
      `ALTER TABLE task ADD COLUMN undoable ${flag}`,
      `ALTER TABLE task ADD COLUMN begun ${flag}`,
      `ALTER TABLE task ADD COLUMN undo_of ${id}`,
      `ALTER TABLE task ADD COLUMN undo_value ${json}`,
      `CREATE INDEX task_undoable ON task (job_id, id) WHERE undoable = 1`,
      `CREATE INDEX task_undo_of ON task (undo_of) WHERE undo_of IS NOT NULL`,
    ],
  },
  {
    // Tasks of which it was said that no worker is there for them.
    name: "0807_unserved_tasks",
    statements: ({ flag }) => [`ALTER TABLE task ADD COLUMN unserved ${flag}`],
  },
  {
    // How long jobs of a program took, and when a job will have come to its end.
    name: "0808_estimates",
    statements: ({ integer, time }) => [
      `ALTER TABLE job_program ADD COLUMN done_count ${integer}`,
      `ALTER TABLE job_program ADD COLUMN done_milliseconds ${integer}`,
      `ALTER TABLE job ADD COLUMN ends_at ${time}`,
    ],
  },
  {
    // Lists of verbs: what their calls share, and how many of their items ended in which way; `items_rest`: how those ended that have no row.
    name: "0809_lists",
    statements: ({ flag, integer, json, real, text, time }) => [
      `ALTER TABLE task ADD COLUMN shared ${json}`,
      ...["total", "ok", "changed", "skipped", "interrupted", "unreachable"].map(
        (state) => `ALTER TABLE task ADD COLUMN items_${state} ${integer}`,
      ),
      `ALTER TABLE task ADD COLUMN items_rest ${text}`,
      // Results came after the task had been given up, and the job's log says so.
      `ALTER TABLE task ADD COLUMN late ${flag}`,
      `ALTER TABLE task_output ADD COLUMN item ${integer}`,
      `ALTER TABLE task_item ADD COLUMN changed ${flag}`,
      `ALTER TABLE task_item ADD COLUMN started_at ${time}`,
      `ALTER TABLE task_item ADD COLUMN milliseconds ${real}`,
      // How many calls its program makes, where that is known.
      `ALTER TABLE job ADD COLUMN items ${integer}`,
    ],
  },
];

function jobTables({ id, text, json, time, integer, flag, real, blob, strict }: ColumnTypes): readonly string[] {
  return [
    `CREATE TABLE job_program (
      hash ${text} PRIMARY KEY,
      kind ${text} NOT NULL,
      name ${text} NOT NULL,
      source ${json} NOT NULL,
      created_at ${time} NOT NULL
    )${strict}`,
    `CREATE TABLE job (
      id ${id} PRIMARY KEY,
      tenant_id ${id} NOT NULL,
      host ${text} NOT NULL,
      program_hash ${text} NOT NULL REFERENCES job_program(hash),
      program_kind ${text} NOT NULL,
      program_name ${text} NOT NULL,
      target_kind ${text} NOT NULL,
      target_id ${id},
      target_name ${text} NOT NULL,
      run_id ${id},
      context ${json} NOT NULL,
      status ${text} NOT NULL,
      wish ${text},
      state ${json} NOT NULL,
      line ${integer},
      percent ${real} NOT NULL,
      progress ${json} NOT NULL,
      message ${text} NOT NULL,
      failure ${json},
      wake_at ${time},
      created_at ${time} NOT NULL,
      started_at ${time},
      finished_at ${time},
      runnable_at ${time},
      poke ${integer} NOT NULL,
      fence ${integer} NOT NULL,
      lease_owner ${text},
      lease_until ${time},
      log_count ${integer} NOT NULL
    )${strict}`,
    `CREATE INDEX job_runnable ON job (runnable_at, id) WHERE runnable_at IS NOT NULL`,
    `CREATE INDEX job_tenant ON job (tenant_id, id)`,
    `CREATE INDEX job_status ON job (status, id)`,
    `CREATE INDEX job_target ON job (target_id, id) WHERE target_id IS NOT NULL`,
    `CREATE INDEX job_run ON job (run_id, id) WHERE run_id IS NOT NULL`,
    `CREATE TABLE job_log (
      job_id ${id} NOT NULL,
      sequence ${integer} NOT NULL,
      at ${time} NOT NULL,
      kind ${text} NOT NULL,
      line ${integer},
      text ${text} NOT NULL,
      task_id ${id},
      PRIMARY KEY (job_id, sequence)
    )${strict}`,
    `CREATE TABLE task (
      id ${id} PRIMARY KEY,
      job_id ${id} NOT NULL REFERENCES job(id),
      call ${integer} NOT NULL,
      module ${text} NOT NULL,
      function ${text} NOT NULL,
      parameters ${json} NOT NULL,
      batch ${json},
      keep_going ${flag} NOT NULL,
      agent_id ${id},
      site_id ${id},
      timeout ${integer},
      safe_to_repeat ${flag} NOT NULL,
      retry_times ${integer} NOT NULL,
      retry_backoff ${integer} NOT NULL,
      reach_within ${integer},
      status ${text} NOT NULL,
      attempt ${integer} NOT NULL,
      retried ${integer} NOT NULL,
      fence ${integer} NOT NULL,
      owner ${id},
      not_before ${time} NOT NULL,
      due_at ${time},
      cancel ${flag} NOT NULL,
      value ${json},
      error ${json},
      items_failed ${integer},
      created_at ${time} NOT NULL,
      started_at ${time},
      settled_at ${time},
      consumed ${flag} NOT NULL
    )${strict}`,
    `CREATE INDEX task_agent ON task (agent_id, not_before, id) WHERE status = 'ready' AND agent_id IS NOT NULL`,
    `CREATE INDEX task_site ON task (module, not_before, id, site_id) WHERE status = 'ready' AND site_id IS NOT NULL`,
    `CREATE INDEX task_owner ON task (owner) WHERE status IN ('leased', 'started')`,
    `CREATE INDEX task_due ON task (due_at) WHERE due_at IS NOT NULL`,
    `CREATE INDEX task_pending ON task (job_id) WHERE consumed = 0`,
    `CREATE INDEX task_job ON task (job_id, id)`,
    `CREATE TABLE task_item (
      task_id ${id} NOT NULL,
      item ${integer} NOT NULL,
      outcome ${text} NOT NULL,
      value ${json},
      error ${json},
      PRIMARY KEY (task_id, item)
    )${strict}`,
    `CREATE TABLE task_output (
      task_id ${id} NOT NULL,
      position ${integer} NOT NULL,
      attempt ${integer} NOT NULL,
      stream ${text} NOT NULL,
      at ${time} NOT NULL,
      data ${blob} NOT NULL,
      PRIMARY KEY (task_id, position)
    )${strict}`,
    `CREATE TABLE task_output_size (
      task_id ${id} PRIMARY KEY,
      attempt ${integer} NOT NULL,
      sequence ${integer} NOT NULL,
      positions ${integer} NOT NULL,
      head_bytes ${integer} NOT NULL,
      tail_bytes ${integer} NOT NULL,
      tail_start ${integer} NOT NULL,
      dropped_bytes ${integer} NOT NULL
    )${strict}`,
    `CREATE TABLE task_session (
      executor_id ${id} PRIMARY KEY,
      session ${text} NOT NULL,
      until ${time} NOT NULL
    )${strict}`,
    `CREATE INDEX task_session_until ON task_session (until)`,
  ];
}
