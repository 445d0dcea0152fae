import { readFile } from "node:fs/promises";
import type { GantryClient } from "../client/index.ts";
import {
  ruleOf,
  type Edit,
  type EditResult,
  type ForeignRow,
  type InventoryBackend,
  type MissingBackend,
  type OwnedKind,
} from "../inventory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { BACKEND_LOST, BACKEND_UNREADABLE } from "./errors.ts";
import type { Backend, GantrySettings } from "./model.ts";
import { TAKEN, writtenMembers } from "./rows.ts";
import { readToken } from "./secrets.ts";

/** Another Gantry: read whole, below one site; edits go there as they are. */

/** What is not shown here of a structure of another Gantry, and so must survive when it is replaced from here. */
const NOT_SHOWN: readonly string[] = ["blueprint", "foundation", "zone", "dependsOn"];

type Shown = JsonObject & { readonly name: string; readonly version: number };

/** Events after which something may be other there. */
const TELLING: readonly string[] = ["inventory.*", "design.*", "structure.*", "foundation.*", "backend.*"];
/** Milliseconds until the events of a server that is gone are asked for again. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [250, 2000];

export function gantryBackend(
  { site }: Pick<Backend, "site">,
  settings: GantrySettings,
  clock: Clock,
): InventoryBackend {
  let client: { readonly token: string; readonly asked: GantryClient } | undefined;
  let connecting: Promise<GantryClient> | undefined;

  function connected(): Promise<GantryClient> {
    connecting ??= connect().finally(() => {
      connecting = undefined;
    });
    return connecting;
  }

  /** Calls back for what happens there, and when the stream of it ends: then the server is gone, or was. */
  async function follow(changed: () => void, signal: AbortSignal): Promise<void> {
    let after: string | undefined;
    for (let wait = FIRST_PAUSE; !signal.aborted; wait = Math.min(LONGEST_PAUSE, wait * 2)) {
      let opened = false;
      try {
        const asked = await connected();
        // Whether it comes back is seen here: its loss is told at once.
        const feed = asked.events.follow({ type: TELLING, after, signal, patience: 0 });
        await feed.opened;
        [opened, wait] = [true, FIRST_PAUSE];
        // What happened before is not told.
        changed();
        for await (const event of feed) {
          after = event.cursor;
          changed();
        }
      } catch (error) {
        // It keeps no events from so long ago; or it does not give any: then it is read now and then.
        if (error instanceof GantryError && error.kind.status < 500) after = undefined;
      }
      if (opened && !signal.aborted) changed();
      await pause(clock, wait, signal);
    }
  }

  /** The token is read each time: a new one counts at once. */
  async function connect(): Promise<GantryClient> {
    const token = await readToken(settings.tokenFile);
    if (client?.token === token) return client.asked;
    client?.asked.close();
    const { url, ca, tenant } = settings;
    const authority = ca === undefined ? undefined : await readFile(ca, "utf8");
    // Loaded when there is such a backend: the table of all endpoints is large.
    const { createClient } = await import("../client/index.ts");
    client = { token, asked: createClient({ url, token, authority, tenant }) };
    return client.asked;
  }

  return {
    place: `at ${settings.url}`,
    async read(signal) {
      const asked = await connected();
      const lists = new Map<OwnedKind, readonly Shown[]>();
      const missing: MissingBackend[] = [];
      for (const kind of TAKEN) lists.set(kind, await everything({ asked, settings, signal, missing }, kind));
      return within(site, settings.url, lists, missing);
    },
    async write(edits, { cascade, key }, signal) {
      const asked = await connected();
      const body = { edits: edits.map(forwarded), cascade };
      const { results } = await asked.send<{ readonly results: readonly EditResult[] }>(
        "POST",
        "/v1/bulk",
        body,
        { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
        { signal },
      );
      return results;
    },
    watch(changed) {
      const stopped = new AbortController();
      void follow(changed, stopped.signal);
      return () => stopped.abort();
    },
    close: () => client?.asked.close(),
  };
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(signal.aborted ? 0 : milliseconds, resolve);
    signal.addEventListener(
      "abort",
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}

interface Reading {
  readonly asked: GantryClient;
  readonly settings: GantrySettings;
  readonly signal: AbortSignal;
  /** What the other server cannot read itself is added here. */
  readonly missing: MissingBackend[];
}

interface ShownPage {
  readonly items: readonly Shown[];
  readonly next: string | null;
  readonly missing?: readonly MissingBackend[];
}

async function everything({ asked, settings, signal, missing }: Reading, kind: OwnedKind): Promise<readonly Shown[]> {
  const { tenant = "default" } = settings;
  const path = kind === "group" ? `/v1/groups/${encodeURIComponent(tenant)}` : `/v1/${ruleOf(kind).plural}`;
  const rows: Shown[] = [];
  for (let cursor: string | null = null; ;) {
    const query = new URLSearchParams({ limit: "1000", ...(cursor === null ? {} : { cursor }) });
    const page: ShownPage = await asked.get(`${path}?${query.toString()}`, { signal });
    missing.push(...(page.missing ?? []));
    rows.push(...page.items);
    if (page.next === null) return rows;
    cursor = page.next;
  }
}

/** What lies at a site or below it, and the groups that are needed to say so. */
function within(
  top: string,
  url: string,
  lists: ReadonlyMap<OwnedKind, readonly Shown[]>,
  missing: readonly MissingBackend[],
): readonly ForeignRow[] {
  const parents = new Map(lists.get("site")?.map(({ name, parent }) => [name, parent as string | null]));
  const isBelow = (site: Json | undefined): boolean => {
    const seen = new Set<Json>();
    for (let name = site ?? null; typeof name === "string" && !seen.has(name); name = parents.get(name) ?? null) {
      if (name === top) return true;
      seen.add(name);
    }
    return false;
  };
  // Part of the truth would look like all of it. A site that the other server does not know itself is below none of its own.
  const lacking = missing.find((one) => (parents.has(top) ? parents.has(one.site) && isBelow(one.site) : true));
  if (lacking !== undefined)
    throw new GantryError(BACKEND_LOST, `${url} cannot read its own backend '${lacking.backend}': ${lacking.error}`);
  if (!parents.has(top)) throw new GantryError(BACKEND_UNREADABLE, `there is no site '${top}' at ${url}`);
  const structures = lists.get("structure")?.filter((row) => isBelow(row["site"])) ?? [];
  const groups = groupsOf(structures, lists.get("group") ?? []);
  const owners = new Set(structures.map(({ name }) => name));
  return [...lists].flatMap(([kind, rows]) =>
    rows
      .filter((row) => {
        if (kind === "site") return isBelow(row.name);
        if (kind === "group") return groups.has(row.name);
        if (kind === "interface") return typeof row["structure"] === "string" && owners.has(row["structure"]);
        return isBelow(row["site"]);
      })
      .map((row) => ({
        kind,
        data: writtenMembers(kind, row),
        version: row.version,
        createdAt: Number(row["createdAt"]),
        updatedAt: Number(row["updatedAt"]),
      })),
  );
}

/** Groups that structures are in: named, above those named, or including one of these. */
function groupsOf(structures: readonly Shown[], groups: readonly Shown[]): ReadonlySet<string> {
  const found = new Set(structures.flatMap((row) => row["groups"] as readonly string[]));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { name, parent, includes } of groups) {
      if (found.has(name) && typeof parent === "string") found.add(parent);
      if ((includes as readonly string[]).some((one) => found.has(one))) found.add(name);
    }
  }
  return found;
}

/** An edit as it is sent. What replaces a structure writes each member there is to see here, and leaves the others. */
function forwarded(edit: Edit): JsonObject {
  const { applied: _applied, ...sent } = edit as Edit & { readonly applied?: JsonObject };
  if (sent.action !== "replace" || sent.kind !== "structure") return sent as unknown as JsonObject;
  const parsed = ruleOf("structure").schema.safeParse(sent.data);
  // What is wrong with it is told there.
  if (!parsed.success) return sent as unknown as JsonObject;
  const { kind, name, version } = sent;
  const operations = Object.entries(parsed.data as JsonObject)
    .filter(([member]) => !NOT_SHOWN.includes(member))
    .map(([member, value]) => ({ op: "add", path: `/${member}`, value: value as Json }));
  return { action: "operations", kind, name, version, operations };
}
