/**
 * What somebody may be allowed to do: one word each, `what.how`. The list is fixed; roles are made of it. A permission holds in a scope
 * (see `policy.ts`); those marked server-wide count in the scope `server` alone.
 */
export const PERMISSIONS = [
  /** See the inventory: every kind, resolved variables, designs and plans, names. Never the values of secrets. */
  "inventory.read",
  "inventory.write",
  /** Make a design come true, or take it down. */
  "design.apply",
  /** See that there is a secret, and what it is for. */
  "secret.list",
  /** See the value of a secret. Each look is audited. */
  "secret.read",
  "secret.write",
  "change.read",
  "change.propose",
  "change.approve",
  "change.apply",
  "job.read",
  /** Pause, resume, cancel, retry. */
  "job.control",
  "run.read",
  "run.start",
  "fleet.read",
  /** Join tokens, revoking. */
  "fleet.manage",
  /** Where names are published. */
  "dns.manage",
  "backend.manage",
  "event.read",
  /** Report what happened to hardware. */
  "event.report",
  /** Send events elsewhere, and see where they are sent. */
  "webhook.manage",
  "audit.read",
  "access.read",
  /** Service accounts, roles, role bindings. */
  "access.manage",
  /** See other tenants' rows in the list of tenants, make and remove tenants. Server-wide. */
  "tenant.manage",
  /** Metrics. Server-wide. */
  "server.read",
  /** Backup, support bundle, keys, certificates, people. Server-wide. */
  "server.manage",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

export function isPermission(word: string): word is Permission {
  return (PERMISSIONS as readonly string[]).includes(word);
}

/** These hold in the scope `server` only. */
const SERVER_WIDE: ReadonlySet<Permission> = new Set(["tenant.manage", "server.read", "server.manage"]);

export function isServerWide(permission: Permission): boolean {
  return SERVER_WIDE.has(permission);
}

const VIEWER: readonly Permission[] = [
  "inventory.read",
  "secret.list",
  "change.read",
  "job.read",
  "run.read",
  "fleet.read",
  "event.read",
];
const OPERATOR: readonly Permission[] = [...VIEWER, "job.control", "run.start", "change.propose", "event.report"];
const DESIGNER: readonly Permission[] = [
  ...OPERATOR,
  "inventory.write",
  "design.apply",
  "secret.write",
  "change.approve",
  "change.apply",
  "dns.manage",
];

/** The roles that every tenant has; each holds what the one before it holds. */
export const BUILT_IN_ROLES: Readonly<Record<"viewer" | "operator" | "designer" | "admin", readonly Permission[]>> = {
  viewer: VIEWER,
  operator: OPERATOR,
  designer: DESIGNER,
  admin: PERMISSIONS,
};
