// Words without ink, a line break for instance: on the page a sign stands for them, and a name where they are spoken.
// The twin in Python is llmbook.pages.widgets.legible.

type Legible = [shown: string, spoken: string];

const NO_INK = /^[\p{Z}\p{Cc}\p{Cf}]+$/u;
const MARKS: Record<string, Legible> = {
  " ": ["␣", "space"],
  "\n": ["↵", "line break"],
  "\t": ["⇥", "tab"],
};

/** How a word is shown and spoken: as it is, unless it has no ink. */
export function legible(word: string): Legible {
  if (word === "") return ["∅", "empty"];
  if (!NO_INK.test(word)) return [word, word];
  const marks = Array.from(word, markOf);
  return [marks.map(([sign]) => sign).join(""), marks.map(([, name]) => name).join(", ")];
}

function markOf(character: string): Legible {
  const code = `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`;
  return MARKS[character] ?? [code, code];
}

/** A word of a sentence: in quotation marks, with its name if that is not what is shown, and its number among equals. */
export function quoteOf(words: string[], i: number): string {
  const [shown, spoken] = legible(words[i] ?? "");
  return `“${shown}”${spoken === shown ? "" : ` (${spoken})`}${numberOf(words, i)}`;
}

/** What a word is called where only a voice says it: its spoken form, and its number among equals. */
export function labelOf(words: string[], i: number): string {
  return legible(words[i] ?? "")[1] + numberOf(words, i);
}

/** Which of several equal words this one is, from 1; empty where there is no other. */
function numberOf(words: string[], i: number): string {
  const equal = [...words.keys()].filter((j) => words[j] === words[i]);
  return equal.length > 1 ? ` (${equal.indexOf(i) + 1})` : "";
}
