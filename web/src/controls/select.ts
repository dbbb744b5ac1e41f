// A labelled choice among a few options, with the line of code the selected one stands for.

import { h } from "./element";
import { setText } from "./write";

interface SelectOptions<Option extends string> {
  name: string;
  /** The line of code of each option. */
  options: Record<Option, string>;
  onChange(option: Option): void;
  signal: AbortSignal;
}

export interface Select<Option extends string> {
  element: HTMLElement;
  update(option: Option): void;
}

export function select<Option extends string>(settings: SelectOptions<Option>): Select<Option> {
  const { name, options, onChange, signal } = settings;
  const names = Object.keys(options) as Option[];
  const code = h("code");
  const input = h("select", {}, ...names.map((option) => h("option", { value: option }, option)));
  const onInput = (): void => {
    const option = names[input.selectedIndex];
    if (option !== undefined) onChange(option);
  };
  input.addEventListener("change", onInput, { signal });
  return {
    element: h("label", { class: "control" }, h("span", { class: "name" }, `${name} `, input), code),
    update(option) {
      input.value = option;
      setText(code, options[option]);
    },
  };
}
