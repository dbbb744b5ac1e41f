// The translator's state as the Python call that makes it.

import { pythonLiteral } from "../../core/python";
import { LAST_STEP, type State } from "./state";

const OPENING: Omit<State, "text"> = {
  width: 1,
  beam: 0,
  step: LAST_STEP,
  layer: null,
  head: null,
  key: 0,
  framed: true,
};

export function asCode(state: State, isReadable: boolean): string {
  const names = Object.keys(OPENING) as (keyof typeof OPENING)[];
  const changed = names.filter((name) => state[name] !== OPENING[name]);
  const settings = changed.map((name) => `${name}=${pythonLiteral(state[name])}`);
  const call = `Translator(${[pythonLiteral(state.text), ...settings].join(", ")})`;
  const read = isReadable ? "translator.translation, translator.weights" : "translator.trouble";
  return `from llmbook.pages import Translator\n\ntranslator = ${call}\n${read}`;
}
