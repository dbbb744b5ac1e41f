// The field for the reader's own text, and what is to be known of it.

import { textArea } from "../../controls/text_area";
import type { Desk } from "./desk";
import { MOST_CHARACTERS } from "./state";

export function textField(desk: Desk): HTMLElement[] {
  return textArea({
    label: "Your text: the model goes on from its end",
    rows: 4,
    most: MOST_CHARACTERS,
    text: () => desk.state.text,
    notice: () => desk.notice || describeSight(desk),
    onText: (text) => desk.change({ text }),
    owner: desk,
  });
}

/** How much of a long text the model sees. */
function describeSight({ outlook }: Desk): string {
  if (!outlook?.reading.unseen) return "";
  const { ids, unseen } = outlook.reading;
  return `The model sees the last ${ids.length} of the text’s ${ids.length + unseen} tokens.`;
}
