// A labelled choice among a few options, with the line of code the selected one stands for.

import { h } from "./element";
import { setText } from "./write";

interface SelectOptions<Option extends string> {
  name: string;
  options: Option[];
  /** What an option is called. */
  nameOf(option: Option): string;
  onChange(option: Option): void;
  signal: AbortSignal;
}

export interface Select<Option extends string> {
  element: HTMLElement;
  update(option: Option, code: string): void;
}

export function select<Option extends string>(settings: SelectOptions<Option>): Select<Option> {
  const { name, options: names, nameOf, onChange, signal } = settings;
  const line = h("code");
  const input = h("select", {}, ...names.map((option) => h("option", { value: option }, nameOf(option))));
  const onInput = (): void => {
    const option = names[input.selectedIndex];
    if (option !== undefined) onChange(option);
  };
  input.addEventListener("change", onInput, { signal });
  return {
    element: h("label", { class: "control" }, h("span", { class: "name" }, `${name} `, input), line),
    update(option, code) {
      input.value = option;
      setText(line, code);
    },
  };
}
