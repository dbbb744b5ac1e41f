// On paper: the sentence, the pictures, what is counted, the chosen action and the settings as code.

import { h } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { table } from "../../controls/table";
import type { PipelineReplay } from "./lab";
import { measuredView, ownView } from "./picture";
import { asCode } from "./python_code";
import { compare, describe, tell } from "./sentences";
import { counterRows, HEADINGS } from "./tables";
import { timetable, type View } from "./timetable";

export function onPaper(lab: PipelineReplay): HTMLElement {
  const drawn = (view: View): Node => {
    const picture = timetable();
    const { element } = picture;
    element.setAttribute("viewBox", `0 0 ${picture.draw(view).join(" ")}`);
    return element;
  };
  const print = (): Node[] => {
    const view = measuredView(lab);
    const pictures = view ? [h("p", {}, compare(lab)), drawn(view), drawn(ownView(lab))] : [drawn(ownView(lab))];
    return [
      h("p", {}, describe(lab)),
      ...(lab.asked ? [] : [...pictures, h("p", {}, tell(lab))]),
      captioned("Waiting and memory, a row for each rank", table(HEADINGS, counterRows(lab))),
      h("pre", {}, asCode(lab)),
    ];
  };
  return paper(print, lab.signal);
}
