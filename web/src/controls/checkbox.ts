// A labelled checkbox, with the line of code it stands for.

import { h } from "./element";

interface CheckboxOptions {
  text: string;
  code: string;
  onChange(checked: boolean): void;
  signal: AbortSignal;
}

export interface Checkbox {
  element: HTMLElement;
  update(checked: boolean): void;
}

export function checkbox({ text, code, onChange, signal }: CheckboxOptions): Checkbox {
  const input = h("input", { type: "checkbox" });
  input.addEventListener("change", () => onChange(input.checked), { signal });
  return {
    element: h("label", { class: "control" }, input, ` ${text} `, h("code", {}, code)),
    update(checked) {
      input.checked = checked;
    },
  };
}
