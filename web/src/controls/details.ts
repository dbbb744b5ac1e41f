// A part that unfolds, and is filled only while it is open.

import { h } from "./element";

export interface Details {
  element: HTMLDetailsElement;
  /** Bring the content up to date, if the part is open. */
  update(): void;
}

interface DetailsOptions {
  title: string;
  children: Node[];
  fill(): void;
  signal: AbortSignal;
}

export function details({ title, children, fill, signal }: DetailsOptions): Details {
  const element = h("details", {}, h("summary", {}, title), ...children);
  const update = (): void => {
    if (element.open) fill();
  };
  element.addEventListener("toggle", update, { signal });
  return { element, update };
}
