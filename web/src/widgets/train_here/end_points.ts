// The ends of runs, kept in the reader's browser and nowhere else.
//
// Under the name "llmbook-runs": {"version": 1, "runs": [{
//   "parameters", "steps", "characters" (learned from, counted as often as they were),
//   "held_out", "unigram", "bigram" (nats a character), "text": {"characters", "digest"},
//   "settings": {"lr", "d_model", "n_heads", "n_layers", "length", "steps", "seed"} }]}

import { forget, recall, remember } from "../../frame/memory";
import type { RunRecord } from "./run_record";
import type { Settings } from "./state";

export interface EndPoint {
  parameters: number;
  steps: number;
  characters: number;
  held_out: number;
  unigram: number;
  bigram: number;
  text: { characters: number; digest: string };
  settings: Settings;
}

const KEY = "llmbook-runs";
const MOST = 200;
const NUMBERS = ["parameters", "steps", "characters", "held_out", "unigram", "bigram"] as const;
let unsaved: EndPoint[] | null = null;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Whatever stands in the store, what is no end point is left out. */
function isEndPoint(value: unknown): value is EndPoint {
  if (!(isObject(value) && isObject(value.text) && isObject(value.settings))) return false;
  const { settings, text } = value;
  const hasNumbers = NUMBERS.every((name) => Number.isFinite(value[name]));
  return hasNumbers && typeof text.digest === "string" && Object.values(settings).every(Number.isFinite);
}

export function endPoints(): EndPoint[] {
  if (unsaved) return unsaved;
  try {
    const kept: unknown = JSON.parse(recall(KEY) ?? "{}");
    return isObject(kept) && Array.isArray(kept.runs) ? kept.runs.filter(isEndPoint) : [];
  } catch {
    return []; // not ours, or broken
  }
}

export function endPointOf(run: RunRecord): EndPoint {
  const { parameters, step: steps, charactersSeen, latest, frequencies, text, digest, settings } = run;
  return {
    parameters,
    steps,
    characters: charactersSeen,
    held_out: latest,
    unigram: frequencies.unigram,
    bigram: frequencies.bigram,
    text: { characters: [...text].length, digest },
    settings,
  };
}

const nameOf = ({ text, settings }: EndPoint): string => JSON.stringify([text.digest, ...Object.values(settings)]);

/** Keep the end of a run; the same run once. A browser may forbid it: then it is kept until the page is left. */
export function keepEndPoint(run: RunRecord): void {
  const point = endPointOf(run);
  const others = endPoints().filter((one) => nameOf(one) !== nameOf(point));
  const all = [...others, point].slice(-MOST);
  const text = asJson(all);
  remember(KEY, text);
  unsaved = recall(KEY) === text ? null : all;
}

export function forgetEndPoints(): void {
  forget(KEY);
  unsaved = null;
}

export const asJson = (runs: EndPoint[]): string => JSON.stringify({ version: 1, runs });
