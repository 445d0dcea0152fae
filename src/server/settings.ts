import { z } from "zod";
import { messageOf } from "../kernel/errors.ts";
import { LOG_LEVELS } from "../platform/logging/index.ts";
import type { Setting } from "../platform/configuration/index.ts";
import { parseSource } from "../secrets/index.ts";
import { ADDRESS_POLICIES, type AddressPolicy } from "../webhooks/index.ts";

/** One text, or several: on the command line by repeating the flag, in the environment by commas, in a file as a list. */
const texts = z.union([
  z.string().transform((text) => text.split(",").map((part) => part.trim())),
  z.array(z.string()),
]);

/** `127.0.0.1:7411`, `[::1]:7411`, `:7411` (every address). */
const listenAddress = z.string().transform((text, context) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = match === null ? Number.NaN : Number(match[3]);
  if (match === null || port > 65_535) {
    context.addIssue({ code: "custom", message: `'${text}' is not ADDRESS:PORT, as in 127.0.0.1:7411 or [::1]:7411` });
    return z.NEVER;
  }
  return { host: match[1] ?? (match[2] === "" ? "::" : match[2]!), port };
});

export type ListenAddress = z.output<typeof listenAddress>;

const seconds = z.coerce.number().positive("must be a positive number of seconds");

const rate = z.coerce.number().min(0, "must be 0 or a positive number");

/** Jobs by type of foundation: as a map in a file, as `docker=20,ipmi=4` elsewhere. */
const limits = z.union([z.string(), z.record(z.string(), z.unknown())]).transform((given, context) => {
  const entries: readonly (readonly [string, unknown])[] =
    typeof given === "string"
      ? given.split(",").map((part) => part.split("=", 2).map((one) => one.trim()) as [string, string])
      : Object.entries(given);
  const wrong = entries.find(([name, most]) => name === "" || !(Number.isInteger(Number(most)) && Number(most) >= 1));
  if (wrong === undefined) return Object.fromEntries(entries.map(([name, most]) => [name, Number(most)]));
  const message = `'${wrong.join("=")}' is not a type with a number of jobs, 1 or more, as in docker=20`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const keySource = z.string().superRefine((text, context) => {
  try {
    parseSource(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: messageOf(error) });
  }
});

/** A text that may be left out. */
function text(summary: string): Setting<string | null> {
  return { schema: z.string().nullable(), fallback: null, summary };
}

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

/** What the server can be told, by flag, environment (`GANTRY_…`) or file. `docs/configuration.md` lists the same. */
export const SERVER_SETTINGS = {
  listen: {
    schema: texts.pipe(z.array(listenAddress)),
    fallback: [] as ListenAddress[],
    summary: "Where HTTPS is served. Default: 127.0.0.1 and a port chosen on the first start and kept.",
  } satisfies Setting<ListenAddress[]>,
  advertise: {
    schema: texts,
    fallback: [] as string[],
    summary: "URLs under which agents and workers reach this server, when they are not those it listens on.",
  } satisfies Setting<string[]>,
  tls_cert: {
    schema: z.string().nullable(),
    fallback: null,
    summary: "Certificate chain to serve, PEM. Default: one from a CA made on first start.",
  } satisfies Setting<string | null>,
  tls_key: {
    schema: z.string().nullable(),
    fallback: null,
    summary: "Private key of `tls_cert`, PEM.",
  } satisfies Setting<string | null>,
  database: {
    schema: z.string().nullable(),
    fallback: null,
    summary: "`sqlite:FILE` or `postgres://…`. Default: a SQLite file in the data folder.",
  } satisfies Setting<string | null>,
  log_level: {
    schema: z.enum(LOG_LEVELS),
    fallback: "info",
    summary: "trace, debug, info, warn or error.",
  } satisfies Setting<(typeof LOG_LEVELS)[number]>,
  debug: {
    schema: flag,
    fallback: false,
    summary: "The same as `log_level: debug`, unless that is given too.",
  } satisfies Setting<boolean>,
  shared_key: {
    schema: z.string().min(1).nullable(),
    fallback: null,
    summary:
      "A key with which agents join without a token, when they were given the same. Default: none, and nobody joins that way.",
  } satisfies Setting<string | null>,
  heartbeat_interval: {
    schema: seconds,
    fallback: 10,
    summary: "Seconds between the heartbeats of agents and workers.",
  } satisfies Setting<number>,
  reach_timeout: {
    schema: seconds,
    fallback: 60,
    summary: "Seconds a node may take to connect before what is meant for it ends as unreachable.",
  } satisfies Setting<number>,
  event_days: {
    schema: z.coerce.number().positive(),
    fallback: 30,
    summary: "Days for which events are kept.",
  } satisfies Setting<number>,
  job_days: {
    schema: z.coerce.number().positive(),
    fallback: 90,
    summary:
      "Days for which jobs are kept after they ended, with their logs and output; the latest of each target stays.",
  } satisfies Setting<number>,
  job_limits: {
    schema: limits,
    fallback: {} as Record<string, number>,
    summary:
      "Jobs of the foreman at one time on foundations of a type and what stands on them, in each tenant: `{docker: 20, ipmi: 4}` in the file, `docker=20,ipmi=4` elsewhere. Default: no limit.",
  } satisfies Setting<Record<string, number>>,
  webhook_addresses: {
    schema: z.enum(ADDRESS_POLICIES),
    fallback: "private",
    summary:
      "Where webhooks may go: `public` addresses alone, `private` networks as well, or `any`: also to this machine, its link, and what clouds tell their machines.",
  } satisfies Setting<AddressPolicy>,
  rate_per_address: {
    schema: rate,
    fallback: 1000,
    summary: "Requests a second that may come from one address over HTTPS; ten times as many at once. 0: no limit.",
  } satisfies Setting<number>,
  rate_per_credential: {
    schema: rate,
    fallback: 1000,
    summary: "Requests a second that may come with one credential over HTTPS; ten times as many at once. 0: no limit.",
  } satisfies Setting<number>,
  refusals_per_minute: {
    schema: rate,
    fallback: 60,
    summary: "Logins and joins a minute that may be refused to one address; then it has to wait. 0: no limit.",
  } satisfies Setting<number>,
  session_hours: {
    schema: z.coerce.number().positive(),
    fallback: 12,
    summary: "Hours a login lasts.",
  } satisfies Setting<number>,
  embedded_worker_tenants: {
    schema: z.enum(["default", "all"]),
    fallback: "default",
    summary:
      "Whose designs the worker inside the server builds, on the server's own machine: those of the tenant `default`, or of all. Other tenants need workers of their own.",
  } satisfies Setting<"default" | "all">,
  git_local: {
    schema: flag,
    fallback: false,
    summary: "Whether the configuration of groups may come from git repositories on this machine (a path, file://).",
  } satisfies Setting<boolean>,
  this_machine: {
    schema: flag,
    fallback: true,
    summary:
      "Whether the server's own worker does anything: foundations on this machine, and what net and ssh do from it. Who writes blueprints then runs programs here.",
  } satisfies Setting<boolean>,
  master_key_source: {
    schema: keySource.nullable(),
    fallback: null,
    summary:
      "Where the master key of secrets is: file:PATH, environment, vault-transit:MOUNT/KEY, vault-kv:MOUNT/PATH#FIELD, barbican:SECRET. Default: the environment (GANTRY_MASTER_KEY) when it has one, else `master.key` in the data folder.",
  } satisfies Setting<string | null>,
  vault_address: text("URL of Vault or OpenBao, for `master_key_source`."),
  vault_ca: text("File with the authorities to trust there, PEM. Default: those of Node."),
  vault_namespace: text("Namespace in Vault."),
  vault_token_file: text("File with a token for Vault, for its owner alone."),
  vault_role_id: text("Instead of a token: the role id of an AppRole."),
  vault_secret_id_file: text("File with the secret id of that role, for its owner alone."),
  barbican_url: text("URL of Barbican, for `master_key_source`."),
  barbican_ca: text("File with the authorities to trust there, PEM. Default: those of Node."),
  barbican_token_file: text("File with a token of Keystone, for its owner alone."),
  barbican_project: text("Project in Barbican, where it runs without Keystone."),
  ldap_url: text("Directory in which people are looked up: ldaps://HOST, or ldap://HOST with `ldap_starttls`."),
  ldap_starttls: {
    schema: flag,
    fallback: false,
    summary: "Whether a connection to ldap:// is encrypted before anything is said.",
  } satisfies Setting<boolean>,
  ldap_plain: {
    schema: flag,
    fallback: false,
    summary: "Whether passwords may go to ldap:// without encryption: for a tunnel or a directory on this machine.",
  } satisfies Setting<boolean>,
  ldap_ca: text("File with the authorities to trust there, PEM. Default: those of Node."),
  ldap_bind_dn: text("As whom people are looked up. Default: as nobody."),
  ldap_bind_password_file: text("File with its password, for its owner alone."),
  ldap_base: text("Below what people are looked up: ou=people,dc=example,dc=org."),
  ldap_filter: {
    schema: z.string().includes("{name}", "must hold the place {name}"),
    fallback: "(uid={name})",
    summary: "Who is meant by a name: an LDAP filter with the place {name}.",
  } satisfies Setting<string>,
  ldap_id_attribute: {
    schema: z.string(),
    fallback: "entryUUID",
    summary: "Attribute that is never another person's (Active Directory: objectGUID).",
  } satisfies Setting<string>,
  ldap_name_attribute: {
    schema: z.string(),
    fallback: "uid",
    summary: "Attribute that names the account (Active Directory: sAMAccountName).",
  } satisfies Setting<string>,
  ldap_group_attribute: {
    schema: z.string(),
    fallback: "memberOf",
    summary: "Attribute of people that names their groups.",
  } satisfies Setting<string>,
  ldap_group_filter: text(
    "Instead: a filter that finds the groups of a person, with the place {dn} or {name}: (member={dn}).",
  ),
  ldap_group_base: text("Groups directly below it are called by their own name, all others by their whole one."),
  ldap_timeout: {
    schema: seconds,
    fallback: 5,
    summary: "Seconds to wait for the directory.",
  } satisfies Setting<number>,
  oidc_issuer: text("Issuer of OpenID Connect that proves who somebody is: https://id.example.org."),
  oidc_client_id: text("As which of its clients Gantry asks; ID tokens must be made for it."),
  oidc_client_secret_file: text("File with the secret of the client, for its owner alone. Default: a public client."),
  oidc_scopes: {
    schema: z.string().regex(/(^| )openid( |$)/, "must have openid among them"),
    fallback: "openid profile email",
    summary: "What is asked for, separated by spaces.",
  } satisfies Setting<string>,
  oidc_name_claim: {
    schema: z.string(),
    fallback: "preferred_username",
    summary: "Claim that names the account.",
  } satisfies Setting<string>,
  oidc_groups_claim: {
    schema: z.string(),
    fallback: "groups",
    summary: "Claim with the groups.",
  } satisfies Setting<string>,
  oidc_redirect: text(
    "Where browsers come back to: https://GANTRY:7411/v1/login/oidc/callback. Default: only the command line logs in that way.",
  ),
  oidc_ca: text("File with the authorities to trust for the issuer, PEM. Default: those of Node."),
} as const;
