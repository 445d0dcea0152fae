const WORD = /^[A-Za-z0-9_-]+$/;

/** Whether a pattern covers a subject. Both are taken apart at dots. */
export function covers(pattern: readonly string[], subject: readonly string[]): boolean {
  for (const [index, word] of pattern.entries()) {
    if (word === ">") return subject.length > index;
    const there = subject[index];
    if (there === undefined || (word !== "*" && word !== there)) return false;
  }
  return pattern.length === subject.length;
}

/** Takes a subject apart. A subject that is none is a programming error. */
export function subjectWords(subject: string): readonly string[] {
  const words = subject.split(".");
  if (!words.every((word) => WORD.test(word))) throw new Error(`${subject} is not a subject of the bus`);
  return words;
}

/** Takes a pattern apart. A pattern that is none is a programming error. */
export function patternWords(pattern: string): readonly string[] {
  const words = pattern.split(".");
  const right = words.every(
    (word, index) => word === "*" || WORD.test(word) || (word === ">" && index === words.length - 1),
  );
  if (!right) throw new Error(`${pattern} is not a pattern of the bus`);
  return words;
}
