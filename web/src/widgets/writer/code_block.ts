// This state as Python: a block to read, and the button that copies it.

import { copyButton } from "../../controls/copy_button";
import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { setText } from "../../controls/write";
import type { Desk } from "./desk";
import { asCode } from "./python_code";

export function codeBlock(desk: Desk): { button: HTMLButtonElement; element: HTMLElement } {
  const code = h("pre", { tabindex: "0", role: "group", "aria-label": "This state as Python" });
  const fill = (): void => setText(code, asCode(desk.model.stored.name, desk.state)); // closed too: the button reads it
  const { element } = details({ title: "This state as Python", children: [code], fill, signal: desk.signal });
  const reveal = (): void => {
    element.open = true;
  };
  desk.onUpdate(fill);
  return { button: copyButton(code, reveal, desk.signal), element };
}
