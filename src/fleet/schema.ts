import type { Migration } from "../platform/database/index.ts";

/** Executors, the tokens they join with, and the content they fetch. */
export const fleetMigrations: readonly Migration[] = [
  {
    name: "1601_fleet",
    statements: ({ id, text, json, time, integer, blob, strict }) => [
      `create table executor (
        id ${id} primary key,
        tenant_id ${id} not null,
        kind ${text} not null,
        name ${text} not null,
        public_key ${text} not null,
        foundation_id ${id},
        site_id ${id},
        version ${text} not null,
        modules ${json} not null,
        facts ${json} not null,
        joined_at ${time} not null,
        seen_at ${time}
      )${strict}`,
      "create unique index executor_name on executor (tenant_id, name)",
      "create unique index executor_foundation on executor (foundation_id)",
      `create table join_token (
        hash ${text} primary key,
        id ${id} not null,
        tenant_id ${id} not null,
        kind ${text} not null,
        name ${text},
        foundation_id ${id},
        site_id ${id},
        expires_at ${time} not null,
        used_at ${time},
        used_key ${text},
        executor_id ${id}
      )${strict}`,
      "create index join_token_expiry on join_token (expires_at)",
      `create table content_blob (id ${id} primary key, created_at ${time} not null)${strict}`,
      `create table content_chunk (
        blob_id ${id} not null,
        position ${integer} not null,
        data ${blob} not null,
        primary key (blob_id, position)
      )${strict}`,
      `create table content (
        sha256 ${text} primary key,
        blob_id ${id} not null,
        size ${integer} not null,
        used_at ${time} not null
      )${strict}`,
      "create index content_blob_of on content (blob_id)",
    ],
  },
  {
    name: "1602_fleet_trust",
    statements: ({ id, text, time, strict }) => [
      `alter table executor add column pin ${text} not null default ''`,
      // Keys that may never come back, whatever token they bring.
      `create table revoked_key (
        public_key ${text} primary key,
        tenant_id ${id} not null,
        name ${text} not null,
        revoked_at ${time} not null
      )${strict}`,
      // Who may fetch which content: what a task that was given to it names.
      `create table content_grant (
        executor_id ${id} not null,
        sha256 ${text} not null,
        primary key (executor_id, sha256)
      )${strict}`,
    ],
  },
  {
    name: "1603_fleet_drain",
    statements: ({ time }) => [`alter table executor add column drain_at ${time}`],
  },
  {
    name: "1610_content_files",
    statements: ({ id, text, integer, time, strict }) => [
      `alter table content_blob add column in_file ${integer} not null default 0`,
      // Whose it is: only its tasks may name it.
      `create table content_owner (
        tenant_id ${id} not null,
        sha256 ${text} not null,
        primary key (tenant_id, sha256)
      )${strict}`,
      `create table content_upload (
        id ${text} primary key,
        sha256 ${text} not null,
        blob_id ${id} not null,
        received ${integer} not null
      )${strict}`,
      // Tasks whose node may bring content here, and how many bytes more.
      `create table content_inbound (
        task_id ${id} primary key,
        executor_id ${id} not null,
        room ${integer} not null,
        given_at ${time} not null
      )${strict}`,
    ],
  },
  {
    // What executors can do is said by thousands of them in the same words: it is kept once.
    name: "1620_fleet_adverts",
    statements: ({ text, json, strict }) => [
      `create table executor_advert (hash ${text} primary key, modules ${json} not null)${strict}`,
      "alter table executor drop column modules",
      `alter table executor add column advert ${text}`,
    ],
  },
  {
    // Content is of who brought it, and no more of everybody in the tenant who knows its hash.
    name: "1630_content_holders",
    statements: ({ id, text, integer, strict }) => [
      "drop table content_owner",
      `create table content_owner (
        tenant_id ${id} not null,
        sha256 ${text} not null,
        holder ${text} not null,
        primary key (tenant_id, sha256, holder)
      )${strict}`,
      `alter table content_inbound add column holder ${text} not null default ''`,
      `alter table content_upload add column tenant_id ${id} not null default ''`,
      `alter table content_upload add column size ${integer} not null default 0`,
    ],
  },
];
