// Sentences to choose from: those that come with the widget, and the reader's own, to which one can go back.

import { h, uniqueId } from "../../controls/element";
import type { Gaps } from "../../core/gaps";
import type { Desk } from "./desk";

const OWN = "own";

export function sentenceChoice(desk: Desk): HTMLElement {
  const { sentences } = desk.opening;
  const id = uniqueId("sentence");
  const options = sentences.map((text, i) => h("option", { value: String(i) }, text));
  const choice = h("select", { id }, h("option", { value: OWN }, "your own"), ...options);
  let own: Pick<Gaps, "text" | "hidden" | "put"> = desk.state;

  const onChange = (): void => {
    const text = sentences[Number(choice.value)];
    desk.isHidden = false;
    if (text === undefined) desk.change({ text: own.text, hidden: own.hidden, put: own.put });
    else desk.change({ text, hidden: [], put: [] });
  };
  choice.addEventListener("change", onChange, { signal: desk.signal });
  desk.onUpdate(() => {
    const chosen = sentences.indexOf(desk.state.text);
    if (chosen < 0 && !desk.isHidden) own = desk.state;
    choice.value = chosen < 0 ? OWN : String(chosen);
    choice.disabled = desk.isHidden;
  });
  return h(
    "p",
    { class: "choice" },
    h("label", { for: id }, "Or a sentence from a speech that it has not read: "),
    choice,
  );
}
