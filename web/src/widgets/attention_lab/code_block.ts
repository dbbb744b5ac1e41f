// This state as Python: a block to read, and the button that copies it.

import { copyButton } from "../../controls/copy_button";
import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { setText } from "../../controls/write";
import type { Lab } from "./lab";
import { asCode } from "./python_code";

export interface CodeBlock {
  button: HTMLButtonElement;
  element: HTMLElement;
}

export function codeBlock(lab: Lab): CodeBlock {
  const code = h("pre", { tabindex: "0", role: "group", "aria-label": "This state as Python" });
  // Filled even while it is closed: the button reads it.
  const fill = (): void => setText(code, asCode(lab.source, lab.state));
  const { element } = details({ title: "This state as Python", children: [code], fill, signal: lab.signal });
  const reveal = (): void => {
    element.open = true;
  };
  lab.onUpdate(fill);
  return { button: copyButton(code, reveal, lab.signal), element };
}
