// What the model sees at an asked place, as in BERT's training: [MASK], the word itself, or another word.

import { h, uniqueId } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { BLANK } from "../../core/gaps";
import { legible } from "../../core/legible";
import { BERT_IDS } from "../../core/models/tokenizers";
import { randomNumbers } from "../../core/random";
import type { Desk } from "./desk";
import { MASK } from "./row";
import { oneWord } from "./state";

const random = randomNumbers(0);

export interface Standing {
  elements: HTMLElement[];
  update(): void;
}

export function standing(desk: Desk, placeOf: () => number): Standing {
  const option = (value: string, text = ""): HTMLOptionElement => h("option", { value }, text);
  const [mask, own, lot, other] = [
    option("mask", MASK),
    option("own"),
    option("lot", "a word by lot"),
    option("other"),
  ];
  const choice = h("select", {}, mask, own, lot, other);
  const id = uniqueId("other");
  const field = h("input", { type: "text", id, maxlength: "40", autocomplete: "off", spellcheck: "false" });
  const code = h("code");

  const onChoice = (): void => {
    const place = placeOf();
    if (choice.value === "mask") desk.set(place, null);
    else if (choice.value === "own") desk.set(place, desk.words[place]);
    else if (choice.value === "lot") drawInto(desk, place);
  };
  const onWord = (): void => {
    const word = oneWord(field.value);
    if (word === null) desk.note("Another word is one word.");
    else desk.set(placeOf(), word);
    field.value = "";
  };
  choice.addEventListener("change", onChoice, { signal: desk.signal });
  field.addEventListener("change", onWord, { signal: desk.signal });

  function update(): void {
    const place = placeOf();
    const [word, there] = [desk.words[place] ?? BLANK, desk.seen[place] ?? null];
    const isOther = there !== null && there !== word;
    setText(own, `the word itself, ${legible(word)[0]}`);
    setText(other, isOther ? `another: ${legible(there)[0]}` : "");
    own.hidden = word === BLANK;
    own.disabled = own.hidden;
    other.hidden = !isOther;
    other.disabled = other.hidden;
    if (isOther) choice.value = "other";
    else choice.value = there === null ? "mask" : "own";
    setText(code, codeOf(place, word, there));
    setAttribute(choice, "aria-label", `What the model sees as word ${place + 1}`);
  }
  const typed = h("label", { for: id }, "or type one ");
  return { elements: [h("div", { class: "standing" }, choice, h("span", {}, typed, field)), code], update };
}

async function drawInto(desk: Desk, place: number): Promise<void> {
  await desk.model.wake();
  const words = desk.model.pieces.slice(BERT_IDS.unknown + 1);
  const word = words[Math.floor(random() * words.length)];
  if (word !== undefined) desk.set(place, word);
}

/** Position 0 is [CLS]. */
function codeOf(place: number, word: string, there: string | null): string {
  if (there === null) return `ids[${place + 1}] = MASK`;
  if (there === word) return `ids[${place + 1}] stays`;
  return `ids[${place + 1}] = words.encode(${JSON.stringify(there)})[0]`;
}
