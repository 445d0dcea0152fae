import fc from "fast-check";

/**
 * Scripts at random, of every kind of expression and statement. Variables have types (`nn` and `mm` numbers, `aa` and `bb` arrays that
 * begin with an array, `kk` a map), so that most scripts go on for a while; now and then one does something that fails.
 */

const numberName = fc.constantFrom("nn", "mm");
const arrayName = fc.constantFrom("aa", "bb");

function some(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...texts);
}

const { number, array, any } = fc.letrec<{ number: string; array: string; any: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    fc.integer({ min: -3, max: 9 }).map(String),
    some("2.5", "True", "False", "foo.number"),
    numberName,
    fc
      .tuple(tie("number"), some("+", "-", "*", "and", "or", "==", "!=", "<", ">="), tie("number"))
      .map(([left, op, right]) => `( ${left} ${op} ${right} )`),
    fc.tuple(tie("any"), some("==", "and"), tie("any")).map(([left, op, right]) => `( ${left} ${op} ${right} )`),
    tie("any").map((of) => `not ${of}`),
    tie("array").map((of) => `len( array=${of} )`),
    fc.tuple(arrayName, tie("number")).map(([of, index]) => `exists( ${of}[ ${index} ] )`),
    tie("number").map((value) => `foo.remote( value=${value} )`),
  ),
  array: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    arrayName,
    arrayName.map((of) => `${of}[ 0 ]`),
    tie("any").map((item) => `[ [ 1 ], ${item} ]`),
    tie("array").map((of) => `slice( array=${of}, start=0 )`),
    tie("array").map((value) => `foo.remote( value=${value} )`),
  ),
  any: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    tie("number"),
    tie("array"),
    some("'x'", "none", "1:30", "kk", "kk[ 'one' ]", "foo.item", "foo.remote()"),
    fc.tuple(tie("any"), tie("any")).map(([one, two]) => `{ one=${one}, two=${two} }`),
    fc.tuple(tie("any"), tie("any")).map(([one, two]) => `( ${one} . ${two} )`),
    fc.tuple(tie("array"), tie("any")).map(([of, value]) => `append( array=${of}, value=${value} )`),
    fc.tuple(tie("array"), tie("any")).map(([of, value]) => `index( array=${of}, value=${value} )`),
  ),
}));

function block(...statements: readonly string[]): string {
  return ["begin()", ...statements, "end"].join("\n");
}

const risky = some(
  "nn = ( nn / mm )",
  "nn = ( nn ^ 9 )",
  "nn = ( nn % mm )",
  "fatal_error( msg='f' )",
  "goto nowhere",
  "foo.fixed = 1",
  "aa[ 9 ] = 1",
  "pop( array=bb, index=5 )",
  "goto again",
);

const { statement } = fc.letrec<{ statement: string }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 4, arbitrary: fc.tuple(numberName, number).map(([target, value]) => `${target} = ${value}`) },
    { weight: 4, arbitrary: fc.tuple(arrayName, array).map(([target, value]) => `${target} = ${value}`) },
    { weight: 2, arbitrary: fc.tuple(arrayName, array).map(([target, value]) => `${target}[ 0 ] = ${value}`) },
    { weight: 2, arbitrary: any.map((value) => `kk[ 'one' ] = ${value}`) },
    { weight: 2, arbitrary: fc.tuple(array, any).map(([of, value]) => `append( array=${of}, value=${value} )`) },
    {
      weight: 1,
      arbitrary: arrayName.map((of) => `if ( len( array=${of} ) > 1 ) then nn = pop( array=${of} ) else pass`),
    },
    { weight: 1, arbitrary: any.map((value) => `foo.item = ${value}`) },
    { weight: 1, arbitrary: any.map((value) => `message( msg=${value} )`) },
    { weight: 1, arbitrary: some("pause( msg='p' )", "error( msg='e' )", "delay( seconds=3 )", "foo.remote()") },
    { weight: 1, arbitrary: risky },
    {
      weight: 2,
      arbitrary: fc.tuple(any, tie("statement"), tie("statement")).map(([a, b, c]) => `if ${a} then ${b} else ${c}`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(number, tie("statement"), some("pass", "break", "continue"))
        .map(
          ([condition, inner, last]) =>
            `while ( ${condition} and ( turns < 5 ) ) do ${block("turns = ( turns + 1 )", inner, last)}`,
        ),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(some("", " max_time=0:05 "), fc.array(tie("statement"), { maxLength: 3 }))
        .map(([options, inner]) => block(...inner).replace("()", `(${options})`)),
    },
  ),
}));

const BEGINNING = ["nn = 1", "mm = 2", "aa = [ [ 1 ], 2 ]", "bb = [ aa ]", "kk = { one=aa }", "turns = 0", ":again"];

export const script = fc
  .array(statement, { minLength: 2, maxLength: 8 })
  .map((statements) => [...BEGINNING, ...statements].join("\n"));
