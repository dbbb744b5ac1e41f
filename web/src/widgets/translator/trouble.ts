// Why the model cannot read a text; empty where it can. The twin in Python is llmbook.pages.widgets.date_search.

import { legible } from "../../core/legible";
import type { About } from "./state";

const NAMED = 5; // of the characters that the model does not know

export function troubleWith(text: string, { reads, positions }: About): string {
  if (text === "") return "There is nothing to read: type a date.";
  const strange = [...new Set(text)].filter((character) => !reads.includes(character));
  if (strange.length > 0) {
    const shown = strange.slice(0, NAMED).map((character) => `“${legible(character)[0]}”`);
    const more = strange.length > NAMED ? ` and ${strange.length - NAMED} more` : "";
    return `The model does not know ${shown.join(", ")}${more}: no date that it learned from has that.`;
  }
  return text.length > positions
    ? `The model reads at most ${positions} characters, and these are ${text.length}.`
    : "";
}
