// An element that shows a word, and is called by its name where a voice would read nothing.

import { legible } from "../core/legible";
import { h } from "./element";

export function wordElement<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string>,
  word: string,
  label = legible(word)[1],
): HTMLElementTagNameMap[Name] {
  const [shown] = legible(word);
  return h(name, label === shown ? attributes : { ...attributes, "aria-label": label }, shown);
}
