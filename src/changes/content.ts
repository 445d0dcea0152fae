import { requireEverywhere, type Principal } from "../access/index.ts";
import type { Bundle, DesignService } from "../design/index.ts";
import {
  errorsByCode,
  knownTo,
  MEMBER_READ_ONLY,
  planEdits,
  refusal,
  requireIncluded,
  requireJoined,
  requireVisible,
  type Edit,
  type EditContext,
  type EditServiceParts,
  type Group,
  type Snapshot,
} from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { CHANGE_SET_EMPTY } from "./errors.ts";
import type { Change, Content } from "./model.ts";
import { changesOf, placesIn } from "./plan.ts";
import { requireAll } from "./rights.ts";

/** What somebody proposes. */
export type Proposal =
  | { readonly kind: "edits"; readonly edits: readonly Edit[]; readonly cascade: boolean }
  | { readonly kind: "design"; readonly documents: Bundle }
  /** That a design be taken down. */
  | { readonly kind: "destroy"; readonly design: string };

/** Makes the content of change sets, as the truth is now. */
export interface Contents {
  /** Errors: those of an edit or of a plan, `change_set_empty`, `forbidden`. */
  of(principal: Principal, proposal: Proposal): Promise<Content>;
  /** What edits would change, with what goes along. Errors: those of an edit. */
  changes(snapshot: Snapshot, edits: readonly Edit[], cascade: boolean): readonly Change[];
}

export interface ContentParts extends EditServiceParts {
  readonly designs: DesignService;
}

export function createContents(parts: ContentParts): Contents {
  const { inventory: store, designs, clock, random } = parts;

  function changes(
    snapshot: Snapshot,
    edits: readonly Edit[],
    cascade: boolean,
    knows?: EditContext["knows"],
  ): readonly Change[] {
    const plan = planEdits(snapshot, edits, {
      now: clock.now(),
      random,
      managedBy: "person",
      cascade,
      knows,
      knowledge: parts.knowledge,
    });
    if (plan.problems.length > 0) throw refusal(plan.problems, errorsByCode());
    // By its name a tenant is known to all others.
    if (plan.tenant !== null && plan.tenant.name !== snapshot.tenant.name)
      throw new GantryError(
        MEMBER_READ_ONLY,
        "a tenant is given another name under /v1/tenants, by who manages tenants",
      );
    return changesOf(snapshot, plan);
  }

  /** The content of a proposal as the truth is now. */
  async function contentOf(principal: Principal, proposal: Proposal): Promise<Content> {
    if (proposal.kind === "edits") {
      const snapshot = await store.snapshot(principal.tenantId);
      requireVisible(principal, snapshot, proposal.edits);
      const knows = knownTo(principal, snapshot);
      const found = changes(snapshot, proposal.edits, proposal.cascade, knows);
      if (found.length === 0)
        throw new GantryError(CHANGE_SET_EMPTY, "what is proposed is so already: nothing would change");
      requireAll(principal, "change.propose", placesIn(snapshot, found));
      requireIncluded(principal, "change.propose", snapshot, groupsIn(found));
      const wanted = found.flatMap(({ kind, name, after }) =>
        after === null ? [] : [{ kind, row: { ...after, name } }],
      );
      requireJoined(principal, "change.propose", snapshot, wanted);
      return { kind: "changes", changes: found };
    }
    requireEverywhere(principal, "change.propose");
    return designContent(
      principal,
      proposal.kind === "destroy" ? { name: proposal.design } : { documents: proposal.documents },
    );
  }

  async function designContent(
    principal: Principal,
    asked: { readonly documents: Bundle } | { readonly name: string },
  ): Promise<Content> {
    const answer =
      "name" in asked
        ? await designs.planDestroy(principal, asked.name)
        : await designs.plan(principal, asked.documents);
    if (answer.empty)
      throw new GantryError(CHANGE_SET_EMPTY, `design '${answer.design}' is as it should be: nothing would change`);
    return {
      kind: "design",
      name: answer.design,
      documents: "name" in asked ? null : asked.documents,
      before: await documentsOf(principal, answer.design),
      fingerprint: answer.fingerprint,
      plan: answer.text,
      chains: answer.chains,
    };
  }

  /** What a design was applied with; null when it is not there, or was taken down. */
  async function documentsOf(principal: Principal, name: string): Promise<Bundle | null> {
    const known = await designs.list(principal, "", 10_000);
    if (!known.some((one) => one.name === name && one.wanted === "built")) return null;
    return designs.documents(principal, name);
  }

  return { of: contentOf, changes };
}

/** Groups as changes want them. */
function groupsIn(changes: readonly Change[]): readonly Pick<Group, "name" | "includes">[] {
  return changes.flatMap(({ kind, after }) => (kind === "group" && after !== null ? [after as unknown as Group] : []));
}
