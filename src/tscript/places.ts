/** Turns offsets in a text into lines and columns, both counted from 1. */
export interface LineTable {
  lineOf(offset: number): number;
  placeOf(offset: number): TextPlace;
}

export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export function lineTable(text: string): LineTable {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  function lineOf(offset: number): number {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }
  return {
    lineOf,
    placeOf(offset) {
      const line = lineOf(offset);
      return { line, column: offset - starts[line - 1]! + 1 };
    },
  };
}

/** Where the nodes of a tree stand in its text. Kept beside the tree: see `model.ts`. */
export interface TreePlaces {
  /** Where a node begins. */
  of(node: object): TextPlace;
  /** Where the name of an argument, an entry or an option stands; `names` is the object that holds it. */
  ofName(names: object, name: string): TextPlace;
}
