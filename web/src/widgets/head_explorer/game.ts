// Find the head: which of all does what is asked most? The reader looks through the thumbnails, chooses one and says how
// sure they are; then the scores are shown. A kind of which a score or a name was seen before is asked too, but counts no more.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setAttribute, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import type { Kind } from "../../core/head_scores";
import { ranked } from "../../core/heads";
import type { Explorer } from "./explorer";
import { minus } from "./sentences";

const QUESTIONS: Record<Kind, string> = {
  previous: "Which head looks at the word before, more than any other head does?",
  induction: "Which head looks most at what came next the first time, where a word stands again?",
  duplicate: "Which head looks most at the earlier place of the same word?",
  rest: "Which head rests most, on tokens that mean nothing here: the first one, [CLS] or [SEP]?",
  pronoun: "Which head sends the pronouns to the right actor, and not to the wrong one?",
};

const SEEN = "You have seen a score or a name of this kind before, so the answer does not count.";
const EQUAL = 1e-9;

export class Game {
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly #explorer: Explorer;
  readonly #forecasts: Forecast[] = [];
  readonly #asked = new Set<string>(); // kinds, each with its sentence
  readonly #sure: HTMLSelectElement;
  readonly #question = h("p", { class: "question" });
  readonly #answer: HTMLButtonElement;
  readonly #form: HTMLElement;
  #waits: boolean; // for the heads to come
  readonly #verdict = h("p", { class: "verdict", role: "status" });

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    this.#waits = false;
    const { signal } = explorer;
    const id = uniqueId("sure");
    this.#sure = surenessSelect({ id });
    this.#answer = button("", () => this.#judge(), signal);
    this.button = button("Find the head", () => this.#toggle(), signal);
    this.#form = h(
      "div",
      { class: "buttons" },
      h("label", { for: id }, "How sure are you? "),
      this.#sure,
      this.#answer,
    );
    this.element = h("div", {}, this.#question, this.#form, this.#verdict);
    explorer.onUpdate(() => this.#update());
  }

  /** Forget all answers. */
  restart(): void {
    this.#forecasts.length = 0;
    this.#asked.clear();
    this.#verdict.textContent = "";
  }

  /** Kinds that were asked or seen come last. */
  #nextKind(): Kind | null {
    const kinds = Object.keys(this.#explorer.set?.templates ?? {}) as Kind[];
    const rank = (kind: Kind): number => 2 * Number(this.#asked.has(this.#known(kind))) + Number(this.#wasSeen(kind));
    const next = kinds.sort((a, b) => rank(a) - rank(b))[0];
    return next ?? null;
  }

  #known(kind: Kind): string {
    return `${this.#explorer.state.sentence} ${kind}`;
  }

  #wasSeen(kind: Kind): boolean {
    return this.#explorer.seen.has(this.#known(kind));
  }

  #toggle(): void {
    const explorer = this.#explorer;
    this.#waits = !explorer.set;
    if (this.#waits) {
      explorer.wake();
      return;
    }
    if (explorer.asked) {
      this.#giveUp(explorer.asked);
      return;
    }
    this.#verdict.textContent = "";
    this.#sure.value = "";
    explorer.asked = this.#nextKind();
    if (explorer.asked) this.#asked.add(this.#known(explorer.asked));
    explorer.draw();
  }

  #giveUp(kind: Kind): void {
    const explorer = this.#explorer;
    const scores = explorer.scoresOf(kind) ?? new Float64Array();
    this.#verdict.textContent = `The answer: ${told(explorer, scores, ranked(scores)[0] ?? 0)}.`;
    this.#reveal(kind);
  }

  #reveal(kind: Kind): void {
    this.#explorer.asked = null;
    this.#explorer.change({ score: kind });
    this.#explorer.draw();
  }

  #judge(): void {
    const explorer = this.#explorer;
    const { asked: kind, chosen } = explorer;
    const scores = kind && explorer.scoresOf(kind);
    const [place = -1] = chosen;
    if (!scores) return;
    const right = (scores[place] ?? 0) >= Math.max(...scores) - EQUAL;
    const seen = this.#wasSeen(kind);
    const sure = this.#sure.value;
    if (sure !== "" && !seen)
      this.#forecasts.push(keepForecast("head_explorer", explorer, { sure: Number(sure), right }));
    this.#verdict.textContent =
      `${verdictOn(explorer, scores, place, right)} ${seen ? SEEN : describeScore(this.#forecasts)}`.trim();
    this.#reveal(kind);
    this.button.focus(); // the button that was pressed is gone
  }

  #update(): void {
    const { asked, set, state } = this.#explorer;
    if (this.#waits && set) {
      this.#toggle(); // which calls this again
      return;
    }
    const [head, ...more] = state.heads;
    setText(this.button, asked ? "Give up" : "Find the head");
    setAttribute(this.button, "aria-pressed", String(asked !== null));
    this.#form.hidden = asked === null;
    this.#question.hidden = asked === null;
    setText(this.#question, asked ? `${QUESTIONS[asked]} Choose one of the ${set?.labels.length} below.` : "");
    this.#answer.disabled = more.length > 0;
    setText(this.#answer, more.length > 0 ? "Choose one head" : `It is ${head}`);
  }
}

const told = ({ set }: Explorer, scores: Float64Array, head: number): string =>
  `${set?.labels[head]} scores ${minus(scores[head] ?? 0)}`;

function verdictOn(explorer: Explorer, scores: Float64Array, place: number, right: boolean): string {
  const order = ranked(scores);
  const here = told(explorer, scores, place);
  if (right) return `Right: ${here}, and no other of ${scores.length} more.`;
  return `Not quite: ${here}, place ${order.indexOf(place) + 1} of ${scores.length}; ${told(explorer, scores, order[0] ?? 0)}.`;
}
