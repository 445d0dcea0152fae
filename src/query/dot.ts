/** Any thing, by its kind and name. */
interface Named {
  readonly kind: string;
  readonly name: string;
}

export interface DotNode {
  readonly thing: Named & { readonly type?: string | null };
  /** How it is drawn. */
  readonly mark: "asked" | "down" | "impaired" | "used";
}

export interface DotEdge {
  readonly from: Named;
  readonly to: Named;
  readonly label: string;
}

const COLOURS: Readonly<Record<DotNode["mark"], string>> = {
  asked: "black",
  down: "red",
  impaired: "orange",
  used: "steelblue",
};

const SHAPES: Readonly<Record<string, string>> = {
  structure: "box",
  foundation: "box3d",
  complex: "component",
  site: "house",
  network: "ellipse",
  address_block: "ellipse",
  dependency: "diamond",
};

/** A graph in the language of Graphviz: `gantry query … --output dot | dot -Tsvg`. */
export function dotOf(nodes: readonly DotNode[], edges: readonly DotEdge[]): string {
  const lines = [
    "digraph gantry {",
    "  rankdir=LR;",
    '  node [fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
  ];
  for (const { thing, mark } of nodes) {
    const label = [thing.name, thing.type ?? thing.kind.replaceAll("_", " ")].join("\n");
    const style = mark === "asked" ? ", style=bold" : "";
    const shape = SHAPES[thing.kind] ?? "box";
    lines.push(`  ${quoted(keyOf(thing))} [label=${quoted(label)}, shape=${shape}, color=${COLOURS[mark]}${style}];`);
  }
  for (const { from, to, label } of edges)
    lines.push(`  ${quoted(keyOf(from))} -> ${quoted(keyOf(to))} [label=${quoted(label)}];`);
  return `${[...lines, "}"].join("\n")}\n`;
}

function keyOf({ kind, name }: Named): string {
  return `${kind} ${name}`;
}

/** Names may hold anything printable: a quote or a backslash must not end the text. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
