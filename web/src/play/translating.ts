// A task of a model that translates: all texts that the search finds, the beams on its way, and where heads look.
// The twin in Python is llmbook.pages.widgets.date_search.

import { beamSearch } from "../core/models/beam";
import { logSoftmax, softmaxOf } from "../core/models/likeliest";
import { stateOf } from "../core/models/reading";
import type { Source, TranslatorModel, Written } from "../core/models/translator";

export interface SearchRequest {
  text: string;
  width: number;
}

/** A text that was found: its ids end with that of the end, if it came to one. */
export interface FoundText {
  ids: number[];
  /** Σ log p / length. */
  score: number;
  /** (T, n_vocab): of each id, at each place. */
  chances: Float64Array;
  /** (layers, H, T, S): where each head looks in the source while each id is written. */
  cross: Float64Array;
}

/** A beginning that was held before the next id was chosen, and its Σ log p. */
export interface Beam {
  ids: number[];
  total: number;
}

export interface Found extends SearchRequest {
  /** Best first. */
  texts: FoundText[];
  /** The beams before each id. */
  held: Beam[][];
}

interface Prefix extends Beam {
  logs: Float64Array;
  written: Written;
}

/** Throws for a text that the model cannot read. */
export function* search(model: TranslatorModel, { text, width }: SearchRequest): Generator<undefined, Found> {
  const source = model.encode(model.source.encode(text));
  yield;
  const held: Beam[][] = [];
  const found = beamSearch<Prefix>({
    start: prefixOf(model.decode([model.begin], source), [], 0),
    read: ({ ids, total, logs }) => {
      held[ids.length] = [...(held[ids.length] ?? []), { ids, total }];
      return logs;
    },
    go: ({ ids, total, logs, written }, id) =>
      prefixOf(model.decode([id], source, written.cache), [...ids, id], total + (logs[id] ?? 0)),
    beams: width,
    most: model.longest,
    end: model.end,
  });
  const texts: FoundText[] = [];
  for (const { ids, score } of found) {
    yield;
    texts.push({ ids, score, ...explained(model, source, ids) });
  }
  return { text, width, texts, held };
}

function prefixOf(written: Written, ids: number[], total: number): Prefix {
  return { ids, total, logs: logSoftmax(written.logits), written };
}

function explained(model: TranslatorModel, source: Source, ids: number[]): Pick<FoundText, "chances" | "cross"> {
  const { logits, cross } = model.decode([model.begin, ...ids.slice(0, -1)], source);
  const { size } = model.target;
  const chances = new Float64Array(logits.length);
  for (const t of ids.keys()) chances.set(softmaxOf(stateOf(logits, size, t)), t * size);
  return { chances, cross: Float64Array.from(cross.flatMap(({ data }) => [...data])) };
}
