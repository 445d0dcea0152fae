/** What the engine offers, for telling which name was meant. A test holds each against the engine. */

export const FILTERS: readonly string[] = words(`
  abs attr batch bool capitalize d default dictsort e escape filesizeformat first float groupby indent int items join last length
  lines list lower map max min pprint reject rejectattr replace reverse round safe select selectattr slice sort split string
  striptags sum title tojson trim truncate unique upper
`);

export const TESTS: readonly string[] = words(`
  boolean defined divisibleby endingwith eq even false filter float ge gt in integer iterable le lower lt mapping ne none number odd
  safe sameas sequence startingwith string test true undefined upper
`);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
