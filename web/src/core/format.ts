// How numbers and words are written in the widgets.

/** A number with so many decimals, and no sign where it rounds to zero. */
export function fixed(x: number, decimals = 2): string {
  const text = x.toFixed(decimals);
  return Object.is(Number(text), -0) ? text.slice(1) : text;
}

/** The word, or as much of it as fits into so many characters with an ellipsis. */
export function shorten(word: string, most: number): string {
  const letters = [...word];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : word;
}
