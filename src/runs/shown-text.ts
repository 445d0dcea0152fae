/** What a person typed, as lists and the audit show it. Pure. */

const INSTEAD = "(sensitive)";

/** The text without these others in it. Read once: what stands instead is not looked at again, or it would grow without end. */
export function withoutTexts(text: string, hidden: Iterable<string>): string {
  const inside = [...new Set(hidden)].filter((one) => one !== "" && text.includes(one));
  if (inside.length === 0) return text;
  // The longest first: what is left of it when a part of it went would still tell.
  const any = inside.sort((a, b) => b.length - a.length).map((one) => one.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return text.replaceAll(new RegExp(any.join("|"), "g"), INSTEAD);
}
