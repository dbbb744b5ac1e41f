// A widget's state as Python: a block to read, and the button that copies it.

import { copyButton } from "./copy_button";
import { details } from "./details";
import { h } from "./element";
import type { Updated } from "./updated";
import { setText } from "./write";

export interface CodeBlock {
  button: HTMLButtonElement;
  element: HTMLElement;
}

export function codeBlock(asCode: () => string, owner: Updated): CodeBlock {
  const code = h("pre", { tabindex: "0", role: "group", "aria-label": "This state as Python" });
  // Filled even while it is closed: the button reads it.
  const fill = (): void => setText(code, asCode());
  const { element } = details({ title: "This state as Python", children: [code], fill, signal: owner.signal });
  const reveal = (): void => {
    element.open = true;
  };
  owner.onUpdate(fill);
  return { button: copyButton(code, reveal, owner.signal), element };
}
