import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/ids.ts";
import type { Database } from "../../platform/database/index.ts";
import type { HttpServer } from "../../platform/http/index.ts";
import type { Logger } from "../../platform/logging/index.ts";
import type { Access } from "../access.ts";
import type { Audit } from "../audit.ts";
import type { TenantNames } from "../door.ts";
import { createDirectoryAccounts } from "./directory.ts";
import { createFailures } from "./failures.ts";
import { createGate } from "./gate.ts";
import { createPasswords, type ScryptCost } from "./password.ts";
import { createPasswordService } from "./password-service.ts";
import { issuerRoutes } from "./issuer-routes.ts";
import { createIssuerLogins } from "./issuer-service.ts";
import { createIssuer, type OidcSettings } from "./issuer.ts";
import { createLdapDirectory, type LdapSettings } from "./ldap.ts";
import { loginRoutes } from "./routes.ts";
import { createLoginService } from "./service.ts";
import { createSessions } from "./sessions.ts";
import { createWaits } from "./waits.ts";

export interface LoginSettings {
  /** Milliseconds a session lasts. */
  readonly session: number;
  /** What hashing a password costs. Left out: as much as is right for a server. */
  readonly cost?: ScryptCost;
  /** The directory that is asked for names that are not known here. */
  readonly ldap?: LdapSettings | undefined;
  /** The issuer that proves who somebody is in a browser. */
  readonly oidc?: OidcSettings | undefined;
}

export interface LoginParts {
  readonly database: Database;
  readonly access: Pick<Access, "changes" | "writes">;
  readonly audit: Audit;
  readonly tenants: TenantNames;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: LoginSettings;
}

/** How people log in: by a password that is kept here, by a directory, by an issuer. */
export interface Login {
  mount(http: HttpServer): void;
  close(): Promise<void>;
}

export const HALF_A_DAY = 12 * 60 * 60 * 1000;

export function createLogin(parts: LoginParts): Login {
  const { database, access, audit, clock, log, settings } = parts;
  const { changes, writes } = access;
  const gate = createGate();
  const passwords = createPasswords(gate, settings.cost);
  const waits = createWaits(clock);
  const failures = createFailures({ audit, clock, log });
  const sessions = createSessions({ ...parts, writes, lasts: settings.session });
  const accounts = createDirectoryAccounts({ ...parts, writes });
  const logins = createLoginService({
    database,
    changes,
    passwords,
    waits,
    failures,
    sessions,
    accounts,
    directory: settings.ldap === undefined ? undefined : createLdapDirectory(settings.ldap, log, clock),
  });
  const issued = createIssuerLogins({
    issuer: settings.oidc === undefined ? undefined : createIssuer(settings.oidc, log, clock),
    redirect: settings.oidc?.redirect,
    accounts,
    sessions,
    failures,
    clock,
    random: parts.random,
  });
  return {
    mount(http) {
      issuerRoutes(http, issued);
      loginRoutes(http, logins, sessions, createPasswordService({ database, writes, passwords, waits }));
    },
    close: () => failures.close(),
  };
}
