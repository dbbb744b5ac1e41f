// A labelled checkbox, with the line of code it stands for.

import { h } from "./element";
import { setText } from "./write";

interface CheckboxOptions {
  text: string;
  code: string;
  onChange(checked: boolean): void;
  signal: AbortSignal;
}

export interface Checkbox {
  element: HTMLElement;
  /** Another line of code may stand for another state. */
  update(checked: boolean, code?: string): void;
}

export function checkbox({ text, code, onChange, signal }: CheckboxOptions): Checkbox {
  const input = h("input", { type: "checkbox" });
  const line = h("code", {}, code);
  input.addEventListener("change", () => onChange(input.checked), { signal });
  return {
    element: h("label", { class: "control" }, input, ` ${text} `, line),
    update(checked, latest = code) {
      input.checked = checked;
      setText(line, latest);
    },
  };
}
