import type { Migration } from "../platform/database/index.ts";

interface ChangeSetTable {
  id: string;
  tenant_id: string;
  number: number;
  title: string;
  description: string;
  state: string;
  content: string;
  digest: string;
  author_key: string;
  author_name: string;
  content_by_key: string;
  content_by_name: string;
  reverts: number | null;
  version: number;
  created_at: number;
  updated_at: number;
  ended_by_key: string | null;
  ended_by_name: string | null;
  ended_at: number | null;
}

interface ChangeCommentTable {
  id: string;
  change_set_id: string;
  author_key: string;
  author_name: string;
  text: string;
  created_at: number;
}

interface ChangeVoteTable {
  change_set_id: string;
  author_key: string;
  author_name: string;
  vote: string;
  digest: string;
  covers: string;
  created_at: number;
}

interface ChangeRuleTable {
  tenant_id: string;
  /** The id of a site; empty: the whole tenant. */
  site_id: string;
  approvals: number;
  direct: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    change_set: ChangeSetTable;
    change_comment: ChangeCommentTable;
    change_vote: ChangeVoteTable;
    change_rule: ChangeRuleTable;
  }
}

export const changeMigrations: readonly Migration[] = [
  {
    name: "2601_changes",
    statements: (types) => [
      `create table change_set (
        id ${types.id} primary key,
        tenant_id ${types.id} not null references tenant (id),
        number ${types.integer} not null,
        title ${types.text} not null,
        description ${types.text} not null,
        state ${types.text} not null,
        content ${types.json} not null,
        digest ${types.text} not null,
        author_key ${types.text} not null,
        author_name ${types.text} not null,
        content_by_key ${types.text} not null,
        content_by_name ${types.text} not null,
        reverts ${types.integer},
        version ${types.integer} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        ended_by_key ${types.text},
        ended_by_name ${types.text},
        ended_at ${types.time},
        unique (tenant_id, number)
      )${types.strict}`,
      `create table change_comment (
        id ${types.id} primary key,
        change_set_id ${types.id} not null references change_set (id),
        author_key ${types.text} not null,
        author_name ${types.text} not null,
        text ${types.text} not null,
        created_at ${types.time} not null
      )${types.strict}`,
      `create index change_comment_of on change_comment (change_set_id, created_at, id)`,
      `create table change_vote (
        change_set_id ${types.id} not null references change_set (id),
        author_key ${types.text} not null,
        author_name ${types.text} not null,
        vote ${types.text} not null,
        digest ${types.text} not null,
        covers ${types.json} not null,
        created_at ${types.time} not null,
        primary key (change_set_id, author_key)
      )${types.strict}`,
      `create table change_rule (
        tenant_id ${types.id} not null references tenant (id),
        site_id ${types.id} not null,
        approvals ${types.integer} not null,
        direct ${types.flag} not null,
        primary key (tenant_id, site_id)
      )${types.strict}`,
    ],
  },
];
