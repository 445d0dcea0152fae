import { recordActor, requireEverywhere, forbidden, type Audit, type Principal } from "../access/index.ts";
import type { Bundle, DesignService } from "../design/index.ts";
import { holdInventory, type EditServiceParts } from "../inventory/index.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import { createContents, type Proposal } from "./content.ts";
import {
  CHANGE_SET_CHANGED,
  CHANGE_SET_EMPTY,
  CHANGE_SET_ENDED,
  CHANGE_SET_NOT_APPLIED,
  CHANGE_SET_NOT_YOURS,
  CHANGE_SET_OUTDATED,
  CHANGE_SET_OWN,
  CHANGE_SET_UNKNOWN,
} from "./errors.ts";
import { make, rebasedOf, refuseConflicts, refuseUnapproved } from "./making.ts";
import { digestOf, memberChanges, reversed } from "./merge.ts";
import {
  keyOf,
  type Author,
  type ChangeSet,
  type ChangeSetState,
  type Comment,
  type Conflict,
  type Content,
  type MemberChange,
  type Vote,
} from "./model.ts";
import { editsOf, placesIn, touchedOf } from "./plan.ts";
import { coveredBy, requireAll, touchedByDesign } from "./rights.ts";
import { rulesOf } from "./rule-service.ts";
import { verdict, type Needed } from "./rules.ts";
import { sightOf } from "./sight.ts";
import {
  insertChangeSet,
  insertComment,
  nextNumber,
  putVote,
  selectChangeSet,
  selectChangeSets,
  selectComments,
  selectVotes,
  updateChangeSet,
} from "./store.ts";

/** A change set as it is shown. */
export interface ChangeSetView {
  readonly changeSet: ChangeSet;
  /** Thing by thing, what would change; of an applied one, what was. */
  readonly changes: readonly {
    readonly kind: string;
    readonly name: string;
    readonly action: "create" | "change" | "delete";
    readonly members: readonly MemberChange[];
  }[];
  /** Of a design: its plan, as text. */
  readonly plan: string | null;
  /** Whether the truth has moved since, so that it must be brought up to date before it is applied. */
  readonly moved: boolean;
  readonly conflicts: readonly Conflict[];
  /** Changes that are left out, because they are where the principal may read nothing. */
  readonly hidden: number;
  readonly comments: readonly Comment[];
  readonly approvals: readonly Vote[];
  readonly rejections: readonly Vote[];
  readonly lacking: readonly Needed[];
}

export interface ChangeSetService {
  /** Errors: those of an edit or of a plan, `change_set_empty`, `forbidden`. */
  propose(principal: Principal, text: Text, proposal: Proposal): Promise<ChangeSet>;
  /** Gives it other content: its author alone. Approvals lapse. Errors: as `propose`, `change_set_not_yours`, `change_set_ended`. */
  amend(principal: Principal, number: number, text: Partial<Text>, proposal: Proposal | undefined): Promise<ChangeSet>;
  /** The newest first. Of those that the principal may not see, only the number: a cursor goes on from it. */
  list(
    principal: Principal,
    asked: { readonly state: ChangeSetState | null; readonly below: number | null; readonly limit: number },
  ): Promise<readonly (ChangeSet | number)[]>;
  /** Errors: `change_set_unknown`. */
  view(principal: Principal, number: number): Promise<ChangeSetView>;
  comment(principal: Principal, number: number, text: string): Promise<Comment>;
  /**
   * `digest`: what was looked at; null: whatever it is now.
   *
   * Errors: `change_set_own`, `change_set_changed`, `change_set_ended`, `forbidden`.
   */
  vote(principal: Principal, number: number, vote: Vote["vote"], digest: string | null): Promise<Vote>;
  /** Brings it to the truth as it is now. Errors: `change_set_conflict` with all conflicts, `change_set_empty`. */
  rebase(principal: Principal, number: number): Promise<ChangeSet>;
  /** All of it, or nothing. Errors: `change_set_not_approved`, `change_set_outdated`, `change_set_conflict`, those of an edit. */
  apply(principal: Principal, number: number): Promise<ChangeSet>;
  close(principal: Principal, number: number): Promise<ChangeSet>;
  /** Proposes a new one that takes an applied one back. Errors: `change_set_not_applied`, `change_set_conflict`. */
  revert(principal: Principal, number: number): Promise<ChangeSet>;
}

export interface Text {
  readonly title: string;
  readonly description: string;
}

export interface ChangeSetParts extends EditServiceParts {
  readonly designs: DesignService;
  readonly audit: Audit;
}

/** What a principal is in a change set. */
function authorOf({ accountId, kind, name }: Principal): Author {
  return { key: accountId ?? kind, name };
}

export function createChangeSetService(parts: ChangeSetParts): ChangeSetService {
  const { database, inventory: store, designs, clock, random } = parts;
  const contents = createContents(parts);

  async function find(queries: Queries, tenantId: Id, number: number): Promise<ChangeSet> {
    const found = await selectChangeSet(queries, tenantId, number);
    if (found === undefined) throw unknown(number);
    return found;
  }

  function open(set: ChangeSet): ChangeSet {
    if (set.state === "open") return set;
    throw new GantryError(CHANGE_SET_ENDED, `change set ${set.number} is ${set.state} already`);
  }

  async function save(
    tx: Transaction,
    principal: Principal,
    type: string,
    before: ChangeSet,
    change: Partial<ChangeSet>,
  ) {
    const after = { ...before, ...change, version: before.version + 1, updatedAt: clock.now() };
    if (!(await updateChangeSet(tx, after)))
      throw new GantryError(CHANGE_SET_CHANGED, `change set ${before.number} was changed meanwhile`);
    await tell(tx, principal, type, after);
    return after;
  }

  /** Tells of it, and writes it down. */
  async function tell(tx: Transaction, principal: Principal, type: string, set: ChangeSet): Promise<void> {
    const { id, tenantId, number, title, state, digest } = set;
    const data = { number, title, state, by: principal.name };
    await parts.events.append(tx, [{ tenantId, type, subject: { kind: "change_set", id }, data }]);
    const subject = { kind: "change_set", id, name: String(number) };
    await parts.audit.append(tx, [{ chain: tenantId, action: type, subject, data: { title, state, digest } }]);
  }

  async function add(principal: Principal, text: Text, content: Content, reverts: number | null): Promise<ChangeSet> {
    return database.transaction(async (tx) => {
      const { tenantId } = principal;
      await holdInventory(tx, tenantId);
      recordActor(tx, principal);
      const now = clock.now();
      const author = authorOf(principal);
      const set: ChangeSet = {
        ...text,
        id: random.id(),
        tenantId,
        number: await nextNumber(tx, tenantId),
        state: "open",
        content,
        digest: digestOf(content),
        author,
        contentBy: author,
        reverts,
        version: 1,
        createdAt: now,
        updatedAt: now,
        endedBy: null,
        endedAt: null,
      };
      await insertChangeSet(tx, set);
      await tell(tx, principal, "change.proposed", set);
      return set;
    });
  }

  async function applyChanges(principal: Principal, number: number): Promise<ChangeSet> {
    return change(principal, number, async (tx, found) => {
      const set = open(found);
      if (set.content.kind !== "changes") throw new GantryError(CHANGE_SET_CHANGED, `change set ${number} was changed`);
      const snapshot = await store.snapshot(principal.tenantId, tx);
      const { changes } = set.content;
      requireAll(principal, "change.apply", placesIn(snapshot, changes));
      const rules = await rulesOf(tx, snapshot);
      refuseUnapproved(set, rules, touchedOf(snapshot, changes), await selectVotes(tx, set.id));
      const all = rebasedOf(snapshot, changes);
      refuseConflicts(number, all);
      const moved = all.find((one) => one.moved);
      if (moved !== undefined) throw outdated(number, keyOf(moved.change));
      await make(parts, tx, principal, set, changes);
      return save(tx, principal, "change.applied", set, ended(principal, "applied"));
    });
  }

  async function applyDesign(principal: Principal, set: ChangeSet): Promise<ChangeSet> {
    const { content, number } = set;
    if (content.kind !== "design") throw new GantryError(CHANGE_SET_CHANGED, `change set ${number} was changed`);
    requireEverywhere(principal, "change.apply");
    let after = set;
    // In the transaction that applies the design: both happen, or neither.
    const within = async (tx: Transaction): Promise<void> => {
      const found = open(await find(tx, principal.tenantId, number));
      const snapshot = await store.snapshot(principal.tenantId, tx);
      refuseUnapproved(found, await rulesOf(tx, snapshot), touchedByDesign(content), await selectVotes(tx, found.id));
      if (found.digest !== set.digest) throw outdated(number, `design ${content.name}`);
      after = await save(tx, principal, "change.applied", found, ended(principal, "applied"));
    };
    try {
      if (content.documents === null)
        await designs.destroy(principal, content.name, content.fingerprint, { approved: within });
      else await designs.apply(principal, content.documents, content.fingerprint, { approved: within });
    } catch (error) {
      if (!(error instanceof GantryError) || error.code !== "plan_outdated") throw error;
      throw new GantryError(CHANGE_SET_OUTDATED, `change set ${number} is outdated: ${messageOf(error)}`, {
        cause: error,
      });
    }
    return after;
  }

  function ended(principal: Principal, state: "applied" | "closed"): Partial<ChangeSet> {
    return { state, endedBy: authorOf(principal), endedAt: clock.now() };
  }

  /** One that the principal sees. Errors: `change_set_unknown`. */
  async function seen(queries: Queries, principal: Principal, number: number): Promise<ChangeSet> {
    const { tenantId } = principal;
    const set = await find(queries, tenantId, number);
    const snapshot = await (queries === database.kysely
      ? store.snapshot(tenantId)
      : store.snapshot(tenantId, queries as Transaction));
    if (sightOf(principal, snapshot, set) === undefined) throw unknown(number);
    return set;
  }

  async function change<Result>(
    principal: Principal,
    number: number,
    work: (tx: Transaction, set: ChangeSet) => Promise<Result>,
  ): Promise<Result> {
    return database.transaction(async (tx) => {
      await holdInventory(tx, principal.tenantId);
      recordActor(tx, principal);
      return work(tx, await seen(tx, principal, number));
    });
  }

  return {
    async propose(principal, text, proposal) {
      return add(principal, text, await contents.of(principal, proposal), null);
    },

    async amend(principal, number, text, proposal) {
      const content = proposal === undefined ? undefined : await contents.of(principal, proposal);
      return change(principal, number, async (tx, found) => {
        const set = open(found);
        if (set.author.key !== authorOf(principal).key)
          throw new GantryError(CHANGE_SET_NOT_YOURS, `change set ${number} is of ${set.author.name}`);
        const fresh = content && { content, digest: digestOf(content), contentBy: authorOf(principal) };
        return save(tx, principal, "change.amended", set, { ...text, ...fresh });
      });
    },

    async list(principal, asked) {
      const snapshot = await store.snapshot(principal.tenantId);
      const found = await selectChangeSets(database.kysely, principal.tenantId, asked);
      return found.map((set) => sightOf(principal, snapshot, set)?.changeSet ?? set.number);
    },

    async view(principal, number) {
      const snapshot = await store.snapshot(principal.tenantId);
      const whole = await find(database.kysely, principal.tenantId, number);
      const sight = sightOf(principal, snapshot, whole);
      if (sight === undefined) throw unknown(number);
      const set = sight.changeSet;
      const votes = await selectVotes(database.kysely, set.id);
      const comments = await selectComments(database.kysely, set.id);
      const rules = await rulesOf(database.kysely, snapshot);
      const { content } = set;
      const touched = content.kind === "design" ? touchedByDesign(content) : touchedOf(snapshot, content.changes);
      const said = verdict(rules, touched, votes, whole);
      const all = content.kind === "design" || set.state !== "open" ? [] : rebasedOf(snapshot, content.changes);
      return {
        changeSet: set,
        changes:
          content.kind === "design"
            ? []
            : content.changes.map(({ kind, name, before, after }) => ({
                kind,
                name,
                action: before === null ? "create" : after === null ? "delete" : "change",
                members: memberChanges(before, after),
              })),
        plan: content.kind === "design" ? content.plan : null,
        moved: all.some((one) => one.moved),
        conflicts: all.flatMap((one) => one.conflicts),
        hidden: sight.hidden,
        comments,
        ...said,
        lacking: set.state === "open" ? said.lacking : [],
      };
    },

    comment: (principal, number, text) =>
      change(principal, number, async (tx, set) => {
        const comment: Comment = { id: random.id(), author: authorOf(principal), text, createdAt: clock.now() };
        await insertComment(tx, set.id, comment);
        await tell(tx, principal, "change.commented", set);
        return comment;
      }),

    async vote(principal, number, vote, digest) {
      const author = authorOf(principal);
      return change(principal, number, async (tx, found) => {
        const set = open(found);
        if (digest !== null && digest !== set.digest)
          throw new GantryError(CHANGE_SET_CHANGED, `change set ${number} is not what it was when you looked at it`);
        if (author.key === set.author.key || author.key === set.contentBy.key)
          throw new GantryError(CHANGE_SET_OWN, `change set ${number} is your own`);
        const covers = coveredBy(principal, await store.snapshot(principal.tenantId, tx), set.content);
        if (covers.length === 0) throw forbidden(principal.name, "change.approve", "where this change set changes");
        const cast: Vote = { author, vote, digest: set.digest, covers, createdAt: clock.now() };
        await putVote(tx, set.id, cast);
        await tell(tx, principal, vote === "approve" ? "change.approved" : "change.rejected", set);
        return cast;
      });
    },

    async rebase(principal, number) {
      const before = open(await seen(database.kysely, principal, number));
      const { content } = before;
      if (content.kind === "design") {
        const asked = designProposal(content.name, content.documents);
        const fresh = await contents.of(principal, asked);
        return change(principal, number, async (tx, set) => {
          if (open(set).digest !== before.digest)
            throw new GantryError(CHANGE_SET_CHANGED, `change set ${number} was changed meanwhile`);
          return save(tx, principal, "change.rebased", set, { content: fresh, digest: digestOf(fresh) });
        });
      }
      return change(principal, number, async (tx, found) => {
        const set = open(found);
        if (set.content.kind !== "changes")
          throw new GantryError(CHANGE_SET_CHANGED, `change set ${number} was changed`);
        const snapshot = await store.snapshot(principal.tenantId, tx);
        requireAll(principal, "change.propose", placesIn(snapshot, set.content.changes));
        const all = rebasedOf(snapshot, set.content.changes);
        refuseConflicts(number, all);
        const edits = editsOf(all.map((one) => one.change));
        // Planned anew: what goes along, and what is no longer allowed, is told now and not when it is applied.
        const changes = contents.changes(snapshot, edits, true);
        if (changes.length === 0)
          throw new GantryError(CHANGE_SET_EMPTY, `all of change set ${number} is there already: close it`);
        const fresh: Content = { kind: "changes", changes };
        return save(tx, principal, "change.rebased", set, { content: fresh, digest: digestOf(fresh) });
      });
    },

    async apply(principal, number) {
      const set = open(await seen(database.kysely, principal, number));
      return set.content.kind === "design" ? applyDesign(principal, set) : applyChanges(principal, number);
    },

    close: (principal, number) =>
      change(principal, number, async (tx, found) => {
        const set = open(found);
        if (set.author.key !== authorOf(principal).key) requireEverywhere(principal, "change.approve");
        return save(tx, principal, "change.closed", set, ended(principal, "closed"));
      }),

    async revert(principal, number) {
      const set = await seen(database.kysely, principal, number);
      if (set.state !== "applied")
        throw new GantryError(CHANGE_SET_NOT_APPLIED, `change set ${number} is ${set.state}`);
      const text = { title: `Take back: ${set.title}`.slice(0, 200), description: "" };
      const { content } = set;
      if (content.kind === "design") {
        const asked = designProposal(content.name, content.before);
        return add(principal, text, await contents.of(principal, asked), number);
      }
      const snapshot = await store.snapshot(principal.tenantId);
      const all = rebasedOf(snapshot, reversed(content.changes));
      refuseConflicts(`that takes back ${number}`, all);
      const edits = editsOf(all.map((one) => one.change));
      return add(principal, text, await contents.of(principal, { kind: "edits", edits, cascade: true }), number);
    },
  };
}

function unknown(number: number): GantryError {
  return new GantryError(CHANGE_SET_UNKNOWN, `there is no change set ${number}`);
}

function outdated(number: number, what: string): GantryError {
  return new GantryError(CHANGE_SET_OUTDATED, `change set ${number} is outdated: ${what} has changed since`);
}

function designProposal(name: string, documents: Bundle | null): Proposal {
  return documents === null ? { kind: "destroy", design: name } : { kind: "design", documents };
}
