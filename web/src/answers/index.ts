// The script of the pages with exercises.

import { adoptStyleSheet } from "../controls/style_sheet";
import answersCss from "./answers.css";
import { addDoneBox } from "./done_box";
import { addField } from "./field";
import { placesOf } from "./place";

function start(): void {
  adoptStyleSheet(answersCss);
  for (const place of placesOf(document)) {
    try {
      if (place.asks === "function") addDoneBox(place);
      else addField(place);
    } catch (error) {
      reportError(error); // the other exercises of the page go on
    }
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
