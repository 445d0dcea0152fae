import { readFile } from "node:fs/promises";
import type { LoginSettings } from "../access/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { CONFIGURATION_INVALID } from "../platform/configuration/index.ts";
import { readPrivateFile } from "../platform/files/index.ts";
import type { Settings } from "./configure.ts";

const HOUR = 60 * 60 * 1000;
/** Bytes. */
const LONGEST_SECRET = 4096;

/** How people log in. Errors: `configuration_invalid`, `file_not_private`. */
export async function loginOf(settings: Settings): Promise<LoginSettings> {
  return { session: settings.session_hours * HOUR, ldap: await ldapOf(settings), oidc: await oidcOf(settings) };
}

async function ldapOf(settings: Settings): Promise<LoginSettings["ldap"]> {
  const { ldap_url: url, ldap_base: base, ldap_bind_dn: dn, ldap_bind_password_file: passwordFile } = settings;
  if (url === null) return undefined;
  const target = URL.parse(url);
  if (target === null || !["ldap:", "ldaps:"].includes(target.protocol) || target.hostname === "")
    throw wrong(`ldap_url '${url}' is not like ldaps://ldap.example.org`);
  if (target.protocol === "ldap:" && !settings.ldap_starttls && !settings.ldap_plain)
    throw wrong("ldap_url is not encrypted: use ldaps://, or set ldap_starttls (or ldap_plain, and passwords go open)");
  if (target.protocol === "ldaps:" && settings.ldap_starttls)
    throw wrong("ldap_starttls is for ldap://: ldaps:// is encrypted from the beginning");
  if (base === null) throw wrong("ldap_url is set, and ldap_base is not");
  if ((dn === null) !== (passwordFile === null)) throw wrong("ldap_bind_dn and ldap_bind_password_file go together");
  return {
    url,
    startTls: settings.ldap_starttls,
    ca: await authorityOf("ldap_ca", settings.ldap_ca),
    bind: dn === null ? undefined : { dn, password: await secretOf(passwordFile ?? "") },
    base,
    filter: settings.ldap_filter,
    attributes: {
      id: settings.ldap_id_attribute,
      name: settings.ldap_name_attribute,
      display: "cn",
      mail: "mail",
    },
    groups: {
      base: settings.ldap_group_base,
      filter: settings.ldap_group_filter,
      attribute: settings.ldap_group_attribute,
    },
    timeout: settings.ldap_timeout * 1000,
  };
}

/** Milliseconds to wait for an answer of the issuer. */
const ISSUER_TIMEOUT = 10_000;

async function oidcOf(settings: Settings): Promise<LoginSettings["oidc"]> {
  const { oidc_issuer: issuer, oidc_client_id: clientId, oidc_client_secret_file: secretFile } = settings;
  if (issuer === null) return undefined;
  if (URL.parse(issuer)?.protocol !== "https:")
    throw wrong(`oidc_issuer '${issuer}' is not like https://id.example.org`);
  if (clientId === null) throw wrong("oidc_issuer is set, and oidc_client_id is not");
  const redirect = settings.oidc_redirect ?? undefined;
  if (redirect !== undefined && URL.parse(redirect)?.pathname !== "/v1/login/oidc/callback")
    throw wrong(`oidc_redirect '${redirect}' does not lead to /v1/login/oidc/callback of this server`);
  return {
    issuer,
    clientId,
    clientSecret: secretFile === null ? undefined : await secretOf(secretFile),
    scopes: settings.oidc_scopes,
    nameClaim: settings.oidc_name_claim,
    groupsClaim: settings.oidc_groups_claim,
    redirect,
    ca: await authorityOf("oidc_ca", settings.oidc_ca),
    timeout: ISSUER_TIMEOUT,
  };
}

/** What a file of the owner's alone holds, without the last line break. */
async function secretOf(file: string): Promise<string> {
  return (await readPrivateFile(file, LONGEST_SECRET)).toString("utf8").replace(/\r?\n$/, "");
}

async function authorityOf(setting: string, file: string | null): Promise<string | undefined> {
  if (file === null) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw wrong(`${setting}: ${messageOf(cause)}`);
  }
}

function wrong(text: string): GantryError {
  return new GantryError(CONFIGURATION_INVALID, text);
}
