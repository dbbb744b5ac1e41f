// That a model comes when it is asked for: how large it is, how much has come, and a second try.

import { button } from "../controls/button";
import { h } from "../controls/element";
import { adoptStyleSheet } from "../controls/style_sheet";
import { setHidden, setText } from "../controls/write";
import css from "./play.css";
import type { StoredModel } from "./stored_model";

const TOUCHES = ["click", "input", "change", "keydown"];
const PASSING = new Set(["Tab", "Shift", "Escape"]); // keys of one who only goes by
const AS_BASE64 = 4 / 3;

export interface Loading {
  element: HTMLElement;
  update(): void;
}

export function loading(model: StoredModel): Loading {
  adoptStyleSheet(css);
  const text = h("span");
  const progress = h("progress", { max: String(model.stored.bytes), "aria-label": "How much of the model has come" });
  const again = button("Try again", () => model.wake(), model.signal);
  const update = (): void => {
    setText(text, describe(model));
    setHidden(progress, model.phase !== "loading" && model.phase !== "opening");
    progress.value = model.loaded;
    setHidden(again, model.phase !== "failed");
  };
  return { element: h("div", { class: "loading", role: "status" }, text, progress, again), update };
}

/** The first touch of anything inside fetches the model; to go by with the Tab key is none. */
export function wakeOnTouch(root: HTMLElement, model: StoredModel): void {
  const onTouch = (event: Event): void => {
    if (model.phase !== "asleep" || (event instanceof KeyboardEvent && PASSING.has(event.key))) return;
    // A choice is heard at its change, which comes next: drawn anew before that, it would be taken back.
    if (event.type === "input" && event.target instanceof HTMLSelectElement) return;
    model.wake();
  };
  for (const touch of TOUCHES) root.addEventListener(touch, onTouch, { signal: model.signal });
}

/** As a page fetches them, in base64, or as a kernel hands them over. */
export const megabytes = (bytes: number, inNotebook: boolean): string =>
  ((bytes * (inNotebook ? 1 : AS_BASE64)) / 1e6).toFixed(1);

function describe({ phase, stored, loaded, inNotebook, trouble }: StoredModel): string {
  const size = megabytes(stored.bytes, inNotebook);
  switch (phase) {
    case "asleep":
      return `The model ${stored.name} comes when you first use this: ${size} MB. Nothing you type is sent anywhere.`;
    case "loading":
      return `${stored.name}: ${megabytes(loaded, inNotebook)} of ${size} MB`;
    case "opening":
      return `${stored.name} is being opened …`;
    case "failed":
      return `The model ${stored.name} could not be opened: ${trouble}.`;
    default:
      return "";
  }
}
