import type { Socket } from "node:net";
import type { Client, Entry } from "ldapts";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { systemRandom } from "../../kernel/ids.ts";
import type { Logger } from "../../platform/logging/index.ts";
import type { Directory, DirectoryPerson } from "./directory.ts";
import { LOGIN_UNAVAILABLE } from "./errors.ts";
import { filterOf, groupName } from "./ldap-names.ts";

export interface LdapSettings {
  /** `ldaps://HOST[:PORT]`, or `ldap://…` with StartTLS. */
  readonly url: string;
  readonly startTls: boolean;
  /** PEM of the authorities to trust. Undefined: those of Node. */
  readonly ca: string | undefined;
  /** As whom people are looked up. Undefined: as nobody. */
  readonly bind: { readonly dn: string; readonly password: string } | undefined;
  readonly base: string;
  /** With `{name}`. */
  readonly filter: string;
  readonly attributes: { readonly id: string; readonly name: string; readonly display: string; readonly mail: string };
  readonly groups: {
    readonly base: string | null;
    /** With `{dn}` or `{name}`. Null: the person's entry names its groups. */
    readonly filter: string | null;
    readonly attribute: string;
  };
  /** Milliseconds, for connecting and for each answer. */
  readonly timeout: number;
}

/**
 * A directory that is asked by LDAP: the person's entry is looked up, and its own bind proves the password. What is sent goes over a
 * connection that was made for it, and never over one that was made anew meanwhile: that one would not be encrypted yet.
 */
export function createLdapDirectory(settings: LdapSettings, log: Logger, clock: Clock): Directory {
  const { attributes, groups, timeout } = settings;

  async function connected<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const [{ Client: LdapClient }, net, tls] = await Promise.all([
      import("ldapts"),
      import("node:net"),
      import("node:tls"),
    ]);
    const { hostname } = new URL(settings.url);
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    // The name is compared with the certificate's by `host`.
    const trust = { host, minVersion: "TLSv1.2" as const, ...(settings.ca !== undefined && { ca: settings.ca }) };
    let socket: Socket | undefined;
    function once<Made extends Socket>(make: () => Made): Made {
      if (socket !== undefined) throw new Error("the directory closed the connection");
      const made = make();
      socket = made;
      return made;
    }
    const client = new LdapClient({
      url: settings.url,
      timeout,
      connectTimeout: timeout,
      ...(settings.url.startsWith("ldaps:")
        ? {
            tlsOptions: trust,
            createSecureConnection: ((...parameters: Parameters<typeof tls.connect>) =>
              once(() => tls.connect(...parameters))) as typeof tls.connect,
          }
        : {
            createConnection: ((...parameters: Parameters<typeof net.connect>) =>
              once(() => net.connect(...parameters))) as typeof net.connect,
          }),
    });
    const late = Promise.withResolvers<never>();
    const cancel = clock.after(2 * timeout, () => {
      late.reject(new Error("the directory takes too long"));
      socket?.destroy();
    });
    async function done(): Promise<Result> {
      if (settings.startTls) await client.startTLS(trust);
      return work(client);
    }
    try {
      return await Promise.race([done(), late.promise]);
    } finally {
      cancel();
      late.promise.catch(() => {});
      if (socket?.destroyed === false) void client.unbind().catch(() => {});
    }
  }

  async function search(client: Client, base: string, filter: string, wanted: readonly string[], most: number) {
    const { searchEntries } = await client.search(base, {
      scope: "sub",
      filter,
      attributes: [...wanted],
      explicitBufferAttributes: [attributes.id],
      sizeLimit: most,
      timeLimit: Math.max(1, Math.ceil(timeout / 1000)),
    });
    return searchEntries;
  }

  /** The entry of this name, and the groups it is in. Undefined: there is none, or more than one. */
  function find(name: string): Promise<{ readonly entry: Entry; readonly groups: readonly string[] } | undefined> {
    return connected(async (client) => {
      if (settings.bind !== undefined) await client.bind(settings.bind.dn, settings.bind.password);
      const wanted = [attributes.id, attributes.name, attributes.display, attributes.mail, groups.attribute];
      const [entry, ...more] = await search(client, settings.base, filterOf(settings.filter, { name }), wanted, 2);
      if (entry === undefined || more.length > 0) return undefined;
      if (groups.filter === null) return { entry, groups: valuesOf(entry, groups.attribute) };
      const values = { dn: entry.dn, name: valuesOf(entry, attributes.name)[0] ?? "" };
      const found = await search(client, groups.base ?? settings.base, filterOf(groups.filter, values), ["1.1"], 1000);
      return { entry, groups: found.map(({ dn }) => dn) };
    });
  }

  async function proves(dn: string, password: string): Promise<boolean> {
    const { InvalidCredentialsError } = await import("ldapts");
    return connected(async (client) => {
      try {
        await client.bind(dn, password);
        return true;
      } catch (error) {
        if (error instanceof InvalidCredentialsError) return false;
        throw error;
      }
    });
  }

  function personOf({ entry, groups: found }: NonNullable<Awaited<ReturnType<typeof find>>>): DirectoryPerson {
    const [externalId, name] = [idOf(entry, attributes.id), valuesOf(entry, attributes.name)[0]];
    if (externalId === undefined || name === undefined)
      throw new Error(`entries of people have no ${externalId === undefined ? attributes.id : attributes.name}`);
    return {
      source: "ldap",
      externalId,
      name,
      displayName: valuesOf(entry, attributes.display)[0] ?? "",
      email: valuesOf(entry, attributes.mail)[0] ?? null,
      groups: found.map((dn) => groupName(dn, groups.base)),
    };
  }

  return {
    async prove(name, password) {
      try {
        if (password === "") return undefined;
        const found = await find(name);
        // An unknown name takes a bind as well, so that it is not told by the time it takes.
        const dn = found?.entry.dn ?? `cn=${systemRandom.token(9)},${settings.base}`;
        const right = await proves(dn, password);
        return right && found !== undefined ? personOf(found) : undefined;
      } catch (cause) {
        log.warn({ error: messageOf(cause) }, "the directory cannot be asked");
        throw new GantryError(LOGIN_UNAVAILABLE, "the directory cannot be asked at the moment", { cause });
      }
    },
  };
}

function raw(entry: Entry, attribute: string): readonly (string | Buffer)[] {
  const name = Object.keys(entry).find((one) => one.toLowerCase() === attribute.toLowerCase());
  return name === undefined ? [] : [entry[name] as string | Buffer | readonly string[]].flat();
}

function valuesOf(entry: Entry, attribute: string): readonly string[] {
  return raw(entry, attribute).map((value) => (typeof value === "string" ? value : value.toString("utf8")));
}

/** Some directories keep ids as text, some as bytes. */
function idOf(entry: Entry, attribute: string): string | undefined {
  const [value] = raw(entry, attribute);
  if (value === undefined || value.length === 0) return undefined;
  if (typeof value === "string") return value;
  const text = value.toString("latin1");
  return /^[\x21-\x7e]+$/.test(text) ? text : value.toString("hex");
}
