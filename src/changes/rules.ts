import { DEFAULT_RULE, type Author, type ChangeRule, type Vote } from "./model.ts";

/** Who must still agree. Pure. */

/** A change and the sites it touches. */
export interface Touched {
  readonly key: string;
  /** For each place it touches (before and after), the names of its sites, root first; empty: it is at no site. */
  readonly chains: readonly (readonly string[])[];
}

/** How many approvals a change needs, and has. */
export interface Needed {
  readonly key: string;
  readonly needs: number;
  readonly has: number;
}

export interface Verdict {
  /** Approvals that count, of the content as it is. */
  readonly approvals: readonly Vote[];
  readonly rejections: readonly Vote[];
  /** Changes that lack approvals. */
  readonly lacking: readonly Needed[];
}

/** The rule of the nearest site, else that of the tenant, else the default. */
export function ruleFor(rules: readonly ChangeRule[], chain: readonly string[]): ChangeRule {
  for (const site of [...chain].reverse()) {
    const own = rules.find((rule) => rule.site === site);
    if (own !== undefined) return own;
  }
  return rules.find((rule) => rule.site === null) ?? DEFAULT_RULE;
}

/** Whether something at these places may be changed without a change set. Of several rules the strictest counts. */
export function mayBeDirect(rules: readonly ChangeRule[], chains: readonly (readonly string[])[]): boolean {
  return chains.every((chain) => ruleFor(rules, chain).direct);
}

/** What the votes come to. Votes of the author, of who gave it its content, and of another content do not count. */
export function verdict(
  rules: readonly ChangeRule[],
  touched: readonly Touched[],
  votes: readonly Vote[],
  { digest, author, contentBy }: { readonly digest: string; readonly author: Author; readonly contentBy: Author },
): Verdict {
  const counting = votes.filter(
    (vote) => vote.digest === digest && vote.author.key !== author.key && vote.author.key !== contentBy.key,
  );
  const approvals = counting.filter(({ vote }) => vote === "approve");
  const rejections = counting.filter(({ vote }) => vote === "reject");
  const covering = new Map<string, number>();
  for (const { covers } of approvals) for (const key of covers) covering.set(key, (covering.get(key) ?? 0) + 1);
  const lacking = touched.flatMap(({ key, chains }) => {
    const places = chains.length === 0 ? [[]] : chains;
    const needs = Math.max(...places.map((chain) => ruleFor(rules, chain).approvals));
    const has = covering.get(key) ?? 0;
    return has < needs ? [{ key, needs, has }] : [];
  });
  return { approvals, rejections, lacking };
}
