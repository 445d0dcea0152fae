import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingsOf } from "./configure.ts";
import { loginOf } from "./login-settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-login-settings-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const logins = async (flags: Readonly<Record<string, unknown>>) =>
  loginOf(await settingsOf({ dataFolder: folder, flags, environment: {} }));

const LDAP = { ldap_url: "ldaps://ldap.example.org", ldap_base: "dc=example" };
const OIDC = { oidc_issuer: "https://id.example.org", oidc_client_id: "gantry" };

describe("settings of logins", () => {
  it("are local passwords and half a day when nothing is said", async () => {
    expect(await logins({})).toEqual({ session: 12 * 60 * 60 * 1000, ldap: undefined, oidc: undefined });
  });

  it("take secrets out of files of the owner's alone, without the line break", async () => {
    const file = join(folder, "secret");
    writeFileSync(file, "the word\n", { mode: 0o600 });
    const both = {
      ...LDAP,
      ...OIDC,
      ldap_bind_dn: "cn=x",
      ldap_bind_password_file: file,
      oidc_client_secret_file: file,
    };
    expect(await logins(both)).toMatchObject({
      ldap: { bind: { dn: "cn=x", password: "the word" }, filter: "(uid={name})", startTls: false },
      oidc: { clientSecret: "the word", scopes: "openid profile email" },
    });
    writeFileSync(join(folder, "open"), "x", { mode: 0o644 });
    await expect(logins({ ...both, oidc_client_secret_file: join(folder, "open") })).rejects.toMatchObject({
      code: "file_not_private",
    });
  });

  it.each([
    [{ ldap_url: "ldap://ldap.example.org", ldap_base: "dc=example" }, "is not encrypted"],
    [{ ldap_url: "http://ldap.example.org", ldap_base: "dc=example" }, "is not like ldaps://"],
    [{ ldap_url: "ldaps://ldap.example.org" }, "ldap_base is not"],
    [{ ...LDAP, ldap_starttls: true }, "ldap_starttls is for ldap://"],
    [{ ...LDAP, ldap_bind_dn: "cn=x" }, "go together"],
    [{ ...LDAP, ldap_filter: "(uid=*)" }, "must hold the place {name}"],
    [{ ...LDAP, ldap_ca: "/nowhere/ca.pem" }, "ldap_ca"],
    [{ ...OIDC, oidc_issuer: "http://id.example.org" }, "is not like https://"],
    [{ oidc_issuer: "https://id.example.org" }, "oidc_client_id is not"],
    [{ ...OIDC, oidc_scopes: "profile" }, "must have openid among them"],
    [{ ...OIDC, oidc_redirect: "https://gantry.example/elsewhere" }, "does not lead to"],
  ])("%j are refused before the server starts", async (flags, text) => {
    await expect(logins(flags)).rejects.toMatchObject({
      code: "configuration_invalid",
      message: expect.stringContaining(text) as string,
    });
  });

  it.each([[{ ldap_starttls: true }], [{ ldap_plain: true }]])("let ldap:// be used with %j", async (more) => {
    expect(await logins({ ...LDAP, ldap_url: "ldap://127.0.0.1:389", ...more })).toMatchObject({
      ldap: { url: "ldap://127.0.0.1:389" },
    });
  });
});
