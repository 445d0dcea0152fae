import { advertHash, type ModuleAdvert } from "../link/index.ts";

/** What executors said they can do, each once: thousands of agents of one version say the same. */
export interface Adverts {
  /** By `advertHash`, if it is known here. */
  find(hash: string): Advert | undefined;
  /** Takes in what one said that has proved who it is. */
  take(modules: Advert["modules"]): Advert;
}

export interface Advert {
  readonly hash: string;
  readonly modules: Readonly<Record<string, ModuleAdvert>>;
  readonly names: ReadonlySet<string>;
}

/** So many versions and sets of modules are remembered; who is forgotten says it again. */
const MOST = 500;

/** @param known what was said before this server started */
export function createAdverts(known: Iterable<Advert["modules"]> = []): Adverts {
  const adverts = new Map<string, Advert>();

  function take(modules: Advert["modules"]): Advert {
    const hash = advertHash(modules);
    const before = adverts.get(hash);
    if (before !== undefined) return before;
    const oldest = adverts.keys().next().value;
    if (adverts.size >= MOST && oldest !== undefined) adverts.delete(oldest);
    const made = { hash, modules, names: new Set(Object.keys(modules)) };
    adverts.set(hash, made);
    return made;
  }

  for (const modules of known) take(modules);
  return { find: (hash) => adverts.get(hash), take };
}
