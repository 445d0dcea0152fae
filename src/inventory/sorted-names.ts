/** Names in the order of their characters, each once, as lists that are never changed. */

/** Where the name stands, or would stand. */
export function placeOf(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the names begin that come after this one: a page starts there. Null: at the first. */
export function after(names: readonly string[], name: string | null): number {
  if (name === null) return 0;
  const place = placeOf(names, name);
  return names[place] === name ? place + 1 : place;
}

/** The names with some more, and without others. */
export function changedNames(
  names: readonly string[],
  added: readonly string[],
  removed: readonly string[],
): readonly string[] {
  const changed = [...names];
  for (const name of removed) {
    const place = placeOf(changed, name);
    if (changed[place] === name) changed.splice(place, 1);
  }
  for (const name of added) {
    const place = placeOf(changed, name);
    if (changed[place] !== name) changed.splice(place, 0, name);
  }
  return changed;
}
