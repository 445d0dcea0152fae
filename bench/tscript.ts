/**
 * TScript: steps of the interpreter against the same loop as JavaScript closures (which keep no state that could be stored), and parsing
 * a script of 3,000 lines against JSON.parse of as many characters.
 */
import { parse, tscript } from "../src/tscript/index.ts";
import type { AdvanceInput } from "../src/tscript/index.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";

const STEPS = 1_000_000;
const SCRIPT_LINES = 3000;

/** Milliseconds of the fastest of a few runs: what the machine does beside it only makes it slower. */
function fastest(action: () => void): number {
  let best = Infinity;
  for (let count = 0; count < 5; count += 1) {
    const start = performance.now();
    action();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const INPUT: AdvanceInput = {
  now: 0,
  budget: 10_000,
  results: [],
  values: () => ({ found: false, moduleKnown: false }),
  catalogue: {},
};

/** A million steps in advances of 10,000, each with a state that could be stored. Returns how often the loop went round. */
function interpret(compiled: ReturnType<typeof tscript.compile>): number {
  let state = tscript.start(compiled);
  for (let spent = 0; spent < STEPS;) {
    const output = tscript.advance(compiled, state, INPUT);
    spent += output.spent;
    state = output.state;
  }
  return Number((state["variables"] as { readonly count: number }).count);
}

type Closure = (variables: Map<string, number>) => number;

function literal(value: number): Closure {
  return () => value;
}

function variable(name: string): Closure {
  return (variables) => variables.get(name)!;
}

function add(left: Closure, right: Closure): Closure {
  return (variables) => left(variables) + right(variables);
}

function less(left: Closure, right: Closure): Closure {
  return (variables) => (left(variables) < right(variables) ? 1 : 0);
}

function assign(name: string, value: Closure): Closure {
  return (variables) => {
    variables.set(name, value(variables));
    return 0;
  };
}

function loop(condition: Closure, body: Closure): Closure {
  return (variables) => {
    while (condition(variables) !== 0) body(variables);
    return 0;
  };
}

function longScript(): string {
  const lines = Array.from({ length: SCRIPT_LINES }, (_, at) => {
    if (at % 10 === 0) return `begin( description="part ${at}", expected_time=1:00 )`;
    if (at % 10 === 9) return "end";
    if (at % 3 === 0) return `  agent.run( text="echo ${at}", seconds=( 10 + ${at} ) )`;
    if (at % 3 === 1) return `  if ( value${at} == ${at} ) then value${at} = [ 1, 2, { name="web" } ] else pass`;
    return `  value${at} = ( ( 1 + 2 ) * ${at} )`;
  });
  return lines.join("\n");
}

export async function run(): Promise<readonly Measurement[]> {
  const compiled = tscript.compile("count = 0\nwhile ( count < 100000000 ) do count = ( count + 1 )", "bench.t");
  let rounds = 0;
  const steps = fastest(() => {
    rounds = interpret(compiled);
  });
  const closures = loop(less(variable("count"), literal(rounds)), assign("count", add(variable("count"), literal(1))));
  const closed = fastest(() => closures(new Map([["count", 0]])));

  const text = longScript();
  const parsing = fastest(() => {
    if (parse(text, { file: "bench.t" }).problems.length > 0)
      throw new Error("the script of the benchmark does not parse");
  });
  const json = JSON.stringify(parse(text, { file: "bench.t" }).ast);
  const ofSameSize = fastest(() => JSON.parse(json)) * (text.length / json.length);

  return [
    measured("tscript: 1,000,000 steps", "ms", steps, closed, "the same loop as JavaScript closures", 2000),
    measured("tscript: parse 3,000 lines", "ms", parsing, ofSameSize, "JSON.parse of as many characters", 300),
  ];
}
