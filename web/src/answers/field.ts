// The field of an exercise whose answer is a value: type it, say how sure you are, and be told what `check` would say.

import { h, uniqueId } from "../controls/element";
import { surenessSelect } from "../controls/sureness";
import type { Verdict } from "../judge/judging";
import { verdictOn } from "./load";
import type { Place } from "./place";
import { type Kept, keep, onAnswers } from "./store";

const ASK_SURE = "How sure are you?";
const WAS_SURE = "How sure you were at first";
const NUMBER = "0.5, 1/3, 2**10, 1e-3, sqrt(3), log(19) or 88 %";
const MAY_BE_TYPED: Record<string, string> = {
  number: `A number, written as ${NUMBER}.`,
  list: `Numbers with commas between them, each written as ${NUMBER}.`,
  table: "A row a line, with spaces or commas between the numbers; or paste what PyTorch prints.",
  word: "One word, in any case, with or without quotation marks.",
  "yes-no": "Yes or no.",
  truth: "True or false.",
};
const FAILED: Verdict = {
  outcome: "unread",
  says: "The judge did not load. The solution is folded below, and the cell above runs in a notebook.",
};

interface Parts {
  input: HTMLInputElement | HTMLTextAreaElement;
  question: HTMLLabelElement; // how sure
  sure: HTMLSelectElement;
  verdict: HTMLElement;
}

function inputFor(asks: string, attributes: Record<string, string>): Parts["input"] {
  const plain = { ...attributes, autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
  return asks === "table" ? h("textarea", { ...plain, rows: "6" }) : h("input", { ...plain, type: "text" });
}

function say({ verdict }: Parts, { outcome, says }: Verdict): void {
  const [sign = "", ...rest] = says.split(/(?<=^(?:Correct|Not quite|Not yet):)/);
  verdict.dataset.outcome = outcome;
  verdict.replaceChildren(...(rest.length > 0 ? [h("strong", {}, sign), ...rest] : [says]));
}

/** The first answer of the kind that is asked for is kept, with how sure the reader was; a right one is done. */
function remember({ page, total, name }: Place, { sure }: Parts, { outcome }: Verdict): void {
  if (outcome === "blank" || outcome === "unread") return;
  const right = outcome === "right";
  const probability = sure.value === "" ? null : Number(sure.value);
  keep(page, total, name, ({ done, first }) => ({
    done: done || right,
    first: first ?? { sure: probability, right },
  }));
}

async function judged({ module, name }: Place, text: string): Promise<Verdict> {
  try {
    return await verdictOn(module, name, text);
  } catch {
    return FAILED;
  }
}

function formOf({ asks, name }: Place): { form: HTMLFormElement; parts: Parts } {
  const id = uniqueId("answer");
  const input = inputFor(asks, { id, name: "answer", "aria-describedby": `${id}-help` });
  const sure = surenessSelect({ id: `${id}-sure` });
  const question = h("label", { for: `${id}-sure` }, ASK_SURE);
  const verdict = h("p", { class: "verdict", role: "status" });
  const form = h(
    "form",
    { class: "llmbook-field", "aria-label": `Answer to exercise ${name}`, novalidate: "" },
    h("label", { for: id }, "Your answer"),
    input,
    h("p", { class: "help", id: `${id}-help` }, MAY_BE_TYPED[asks] ?? ""),
    h("div", { class: "sureness" }, question, sure, h("button", {}, "Check")),
    verdict,
  );
  return { form, parts: { input, question, sure, verdict } };
}

/** What is kept from before, now and when it is cleared; the first answer counts, so that how sure is asked once. */
function showKept({ page, name }: Place, { question, sure, verdict }: Parts): void {
  let before: Kept | undefined;
  onAnswers((answers) => {
    const kept = answers[page]?.exercises[name];
    sure.disabled = kept?.first !== undefined;
    question.textContent = sure.disabled ? WAS_SURE : ASK_SURE;
    if (kept?.first) sure.value = String(kept.first.sure ?? "");
    else if (before?.first) sure.value = "";
    if (kept?.done && verdict.textContent === "") verdict.textContent = "You have done this one.";
    if (before && !kept) verdict.replaceChildren();
    before = kept;
  });
}

export function addField(place: Place): void {
  const { form, parts } = formOf(place);
  const { module, name } = place;
  form.addEventListener("focusin", () => verdictOn(module, name, "").catch(() => undefined), { once: true });
  form.addEventListener("submit", async (event) => {
    event.preventDefault(); // nothing is ever sent
    const verdict = await judged(place, parts.input.value);
    remember(place, parts, verdict);
    say(parts, verdict);
  });
  showKept(place, parts);
  place.element.append(form);
}
