// The state as the Python call that makes it.

import type { Gaps } from "../../core/gaps";
import { pythonList, pythonLiteral } from "../../core/python";

export function asCode({ text, hidden, put, side, reach }: Gaps): string {
  const settings = [
    pythonLiteral(text),
    ...(hidden.length ? [`hidden=${pythonList(hidden)}`] : []),
    ...(put.length ? [`put=${pythonList(put)}`] : []),
    ...(side === "both" ? [] : [`side=${pythonLiteral(side)}`]),
    ...(reach === null ? [] : [`reach=${reach}`]),
  ];
  return `from llmbook.pages import GapFiller\n\nfiller = GapFiller(${settings.join(", ")})\nfiller.fillings(6)`;
}
