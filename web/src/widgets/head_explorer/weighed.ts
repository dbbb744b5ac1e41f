// The weights of all heads under the settings, and their scores: each computed only when it is asked for.

import { headScores, type Kind } from "../../core/head_scores";
import { type HeadSet, type HeadSettings, weightsOf } from "../../core/heads";

export class Weighed {
  /** (heads, T, T) */
  readonly all: Float64Array;
  readonly #set: HeadSet;
  readonly #of: string;
  readonly #scores = new Map<Kind, Float64Array>();

  constructor(set: HeadSet, settings: HeadSettings) {
    this.#set = set;
    this.#of = told(settings);
    this.all = weightsOf(set, settings);
  }

  /** Whether it is of these heads under these settings. */
  isOf(set: HeadSet, settings: HeadSettings): boolean {
    return set === this.#set && told(settings) === this.#of;
  }

  /** The score of all heads; undefined where the sentence has none of this kind. */
  scoresOf(kind: Kind): Float64Array | undefined {
    const template = this.#set.templates[kind];
    if (!template) return undefined;
    const scores = this.#scores.get(kind) ?? headScores(this.all, template, this.#set.T);
    this.#scores.set(kind, scores);
    return scores;
  }
}

function told({ temperature, scaled, mask }: HeadSettings): string {
  return [temperature, scaled, mask].join();
}
