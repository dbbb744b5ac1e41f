// A button that copies a code block into the clipboard, or selects it where the page may not write there.

import { button } from "./button";

const LABEL = "Copy as code";
const SHOWN_MS = 2000;

/** `reveal` is called first: only what is shown can be selected. */
export function copyButton(
  code: HTMLElement,
  reveal: () => void,
  signal: AbortSignal,
  label = LABEL,
): HTMLButtonElement {
  const show = (text: string): void => {
    if (!signal.aborted) element.textContent = text;
  };
  const onClick = async (): Promise<void> => {
    reveal();
    show(await copy(code));
    setTimeout(() => show(label), SHOWN_MS);
  };
  const element = button(label, onClick, signal);
  return element;
}

/** Copy the code's text; what the button should say then. */
async function copy(code: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return "Copied";
  } catch {
    // No clipboard here: leave the text selected for the reader's own keys.
    getSelection()?.selectAllChildren(code);
    return "Selected: press Ctrl+C";
  }
}
