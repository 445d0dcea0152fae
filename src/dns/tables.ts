import type { Migration } from "../platform/database/index.ts";

interface DnsTargetTable {
  id: string;
  tenant_id: string;
  name: string;
  kind: string;
  settings: string;
  zones: string;
  view: string | null;
  version: number;
  created_at: number;
  updated_at: number;
}

/** The serial of a zone in a view: the same on every target. */
interface DnsSerialTable {
  tenant_id: string;
  zone: string;
  /** Empty: the zone has no views. */
  view: string;
  serial: number;
  content_hash: string;
  changed_at: number;
}

interface DnsPublishedTable {
  target_id: string;
  tenant_id: string;
  zone: string;
  view: string;
  state: string;
  serial: number | null;
  content_hash: string | null;
  attempt: number;
  next_try_at: number;
  /** Until then a server of ours is at it. */
  held_until: number;
  last_error: string | null;
  published_at: number | null;
}

/** What the server has of ours: the first part whole, the others what changed since. What is published next is compared with it. */
interface DnsPublishedPartTable {
  target_id: string;
  zone: string;
  view: string;
  position: number;
  sets: string;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    dns_target: DnsTargetTable;
    dns_serial: DnsSerialTable;
    dns_published: DnsPublishedTable;
    dns_published_part: DnsPublishedPartTable;
  }
}

export const dnsMigrations: readonly Migration[] = [
  {
    name: "1201_dns",
    statements: (types) => [
      `create table dns_target (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        name ${types.text} not null,
        kind ${types.text} not null,
        settings ${types.json} not null,
        zones ${types.json} not null,
        view ${types.text},
        version ${types.integer} not null,
        created_at ${types.time} not null,
        updated_at ${types.time} not null,
        unique (tenant_id, name)
      )${types.strict}`,
      `create table dns_serial (
        tenant_id ${types.id} not null,
        zone ${types.text} not null,
        view ${types.text} not null,
        serial ${types.integer} not null,
        content_hash ${types.text} not null,
        changed_at ${types.time} not null,
        primary key (tenant_id, zone, view)
      )${types.strict}`,
      `create table dns_published (
        target_id ${types.id} not null references dns_target (id) on delete cascade,
        tenant_id ${types.id} not null,
        zone ${types.text} not null,
        view ${types.text} not null,
        state ${types.text} not null,
        serial ${types.integer},
        content_hash ${types.text},
        sets ${types.json},
        attempt ${types.integer} not null,
        next_try_at ${types.time} not null,
        held_until ${types.time} not null,
        last_error ${types.text},
        published_at ${types.time},
        primary key (target_id, zone, view)
      )${types.strict}`,
      `create index dns_published_due on dns_published (state, next_try_at)`,
    ],
  },
  {
    // A row is written whole by each change of it: what is large stands elsewhere, and grows by what changed.
    name: "1202_dns_parts",
    statements: (types) => [
      `create table dns_published_part (
        target_id ${types.id} not null,
        zone ${types.text} not null,
        view ${types.text} not null,
        position ${types.integer} not null,
        sets ${types.json} not null,
        primary key (target_id, zone, view, position),
        foreign key (target_id, zone, view) references dns_published (target_id, zone, view) on delete cascade
      )${types.strict}`,
      `insert into dns_published_part (target_id, zone, view, position, sets)
        select target_id, zone, view, 0, sets from dns_published where sets is not null`,
      `alter table dns_published drop column sets`,
    ],
  },
];
