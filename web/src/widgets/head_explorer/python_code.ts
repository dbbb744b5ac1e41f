// The state as the Python call that makes it.

import { pythonList, pythonLiteral } from "../../core/python";
import type { Source, State } from "./state";

/** What an explorer has that is given nothing. */
const OPENING: Partial<State> = {
  kept: [],
  against: "nothing",
  temperature: 1,
  scaled: true,
  mask: "own",
  score: "none",
  order: "model",
  least: -1,
};

export function asCode(source: Source, state: State): string {
  const { sentence, heads, row, key, ...others } = state;
  const names = (Object.keys(others) as (keyof typeof others)[]).filter(
    (name) => String(others[name]) !== String(OPENING[name]),
  );
  const changed = names.map((name) => `${name}=${literal(others[name])}`);
  const first = source.kind === "tensors" ? "q, k, words" : `sentence=${pythonLiteral(sentence)}`;
  const given = [first, `heads=${pythonList(heads)}`, ...changed, `row=${row}`, `key=${key}`];
  const call = `HeadExplorer(${given.join(", ")})`;
  return `from llmbook.pages import HeadExplorer\n\nexplorer = ${call}\nexplorer.weights, explorer.scores`;
}

function literal(value: unknown): string {
  return Array.isArray(value) ? pythonList(value) : pythonLiteral(value);
}
