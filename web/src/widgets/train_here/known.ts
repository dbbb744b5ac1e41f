// What is known of a text before anything is learned of it.

import { prepare, tidy } from "../../core/training";
import { type Frequencies, frequencies } from "../../core/training/frequencies";
import type { Prepared } from "../../core/training/text";
import { messageOf } from "../../play/message";

export interface Known {
  prepared: Prepared;
  /** What those have who only count. */
  frequencies: Frequencies;
}

/** Remembers the last text, for each length that the model may read. */
export class KnownText {
  #text = "";
  readonly #found = new Map<number, Known | string>();

  /** What is known, or in words why the text cannot be learned. */
  of(text: string, length: number): Known | string {
    if (text !== this.#text) this.#found.clear();
    this.#text = text;
    const found = this.#found.get(length) ?? find(text, length);
    this.#found.set(length, found);
    return found;
  }
}

function find(text: string, length: number): Known | string {
  try {
    const prepared = prepare(tidy(text).text, length);
    return { prepared, frequencies: frequencies(prepared, length) };
  } catch (error) {
    return messageOf(error);
  }
}
