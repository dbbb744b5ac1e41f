// The writer's state as the Python call that makes it.

import { pythonLiteral } from "../../core/python";
import type { State } from "./state";

const STANDARD = "gpt-speeches";

export function asCode(name: string, state: State): string {
  const { text, temperature, top_k, top_p, min_p, penalty, layer, head } = state;
  const settings = [
    pythonLiteral(text),
    ...(name === STANDARD ? [] : [`model=${pythonLiteral(name)}`]),
    ...(temperature === 1 ? [] : [`temperature=${temperature}`]),
    ...(top_k === null ? [] : [`top_k=${top_k}`]),
    ...(top_p === 1 ? [] : [`top_p=${top_p}`]),
    ...(min_p === 0 ? [] : [`min_p=${min_p}`]),
    ...(penalty === 1 ? [] : [`penalty=${penalty}`]),
    ...(layer === 0 ? [] : [`layer=${layer}`]),
    ...(head === 0 ? [] : [`head=${head}`]),
  ];
  return `from llmbook.pages import Writer\n\nwriter = Writer(${settings.join(", ")})\nwriter.next_tokens(12)`;
}
