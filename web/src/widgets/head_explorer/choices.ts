// Which sentence, which score, in which order and from which on: what is chosen among the heads, with its line of code.

import { button } from "../../controls/button";
import { checkbox } from "../../controls/checkbox";
import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { setText } from "../../controls/write";
import type { Explorer } from "./explorer";
import { orderOf } from "./order";
import { KIND_NAMES, minus } from "./sentences";
import { AGAINST, type Against, ORDERS, type Prepared, SCORES, type ScoreName } from "./state";

const SCORE_CODE: Record<ScoreName, string> = {
  none: "weights = scores.softmax(dim=-1)  # (layers, heads, T, T)",
  previous: "weights[..., t, t - 1].mean(dim=-1)  # t = 1 … T−1",
  induction: "weights[..., t, s + 1].sum(dim=-1) / len(set(t))  # words[s] == words[t], s < t",
  duplicate: "weights[..., t, s].sum(dim=-1) / len(set(t))  # words[s] == words[t], s < t",
  rest: "weights[..., others, :][..., rest].sum(dim=-1).mean(dim=-1)",
  pronoun: "(weights[..., p, right] - weights[..., p, wrong]).mean(dim=-1)",
};

const NO_SCORE: Partial<Record<ScoreName, string>> = {
  previous: "One word has no previous one: there is no such score.",
  induction: "No word of this sentence stands twice: there is no such score.",
  duplicate: "No word of this sentence stands twice: there is no such score.",
  pronoun: "It is not said whom a pronoun of this sentence means: there is no such score.",
};

const AGAINST_NAMES: Record<Against, string> = {
  nothing: "nothing",
  own: "the same, as in the model",
  kept: "the kept heads",
};

const AGAINST_CODE: Record<Against, string> = {
  nothing: "shown = weights[layers, heads].mean(dim=0)",
  own: "shown = shown - own_weights[layers, heads].mean(dim=0)",
  kept: "shown = shown - weights[kept_layers, kept_heads].mean(dim=0)",
};

/** Among the prepared sentences; tensors have their own words. */
export function sentenceSelect(explorer: Explorer): HTMLElement[] {
  const { prepared } = explorer.sets;
  if (prepared.length === 0) return [];
  const of = (name: string): Prepared | undefined => prepared.find((one) => one.name === name);
  const { element, update } = select({
    name: "Sentence",
    options: prepared.map(({ name }) => name),
    nameOf: (name) => `${of(name)?.model}: ${of(name)?.text}`,
    onChange: (name) => explorer.open(name),
    signal: explorer.signal,
  });
  explorer.onUpdate(() => {
    const { sentence } = explorer.state;
    update(sentence, `q, k = queries_and_keys(${of(sentence)?.model.toLowerCase()}, ids)`);
  });
  return [element];
}

export function scoring(explorer: Explorer): HTMLElement {
  const notice = h("p", { class: "notice", role: "status" });
  explorer.onUpdate(() => setText(notice, noticeOf(explorer)));
  const controls = h("div", { class: "scoring" }, scoreSelect(explorer), orderSelect(explorer), leastSlider(explorer));
  explorer.onUpdate(() => {
    controls.hidden = explorer.asked !== null;
  });
  return h("div", {}, controls, notice);
}

function noticeOf(explorer: Explorer): string {
  const { set, asked, scores, state } = explorer;
  if (!set || asked || state.score === "none") return "";
  if (!scores) return NO_SCORE[state.score] ?? "There is no such score.";
  const shown = orderOf(explorer).length;
  return shown < set.labels.length ? `${shown} of ${set.labels.length} heads score ${minus(state.least)} or more.` : "";
}

function scoreSelect(explorer: Explorer): HTMLElement {
  const { element, update } = select({
    name: "Score",
    options: [...SCORES],
    nameOf: (score) => (score === "none" ? "none" : KIND_NAMES[score]),
    onChange: (score) => explorer.change({ score }),
    signal: explorer.signal,
  });
  explorer.onUpdate(() => update(explorer.state.score, SCORE_CODE[explorer.state.score]));
  return element;
}

function orderSelect(explorer: Explorer): HTMLElement {
  const { element, update } = select({
    name: "Order",
    options: [...ORDERS],
    nameOf: (order) => (order === "model" ? "layers and heads" : "largest score first"),
    onChange: (order) => explorer.change({ order }),
    signal: explorer.signal,
  });
  explorer.onUpdate(() => {
    const { order, score } = explorer.state;
    element.hidden = score === "none";
    update(order, order === "score" ? "score.flatten().argsort(descending=True)" : "score  # (layers, heads)");
  });
  return element;
}

/** From 0 on, and for a kind that may score below it from −1; at its low end all heads are shown. */
function leastSlider(explorer: Explorer): HTMLElement {
  const lowest = (): number => (explorer.state.score === "pronoun" ? -1 : 0);
  const onInput = (least: number): void => explorer.change({ least: least <= lowest() ? -1 : least });
  const { element, update } = slider(onInput, explorer.signal);
  explorer.onUpdate(() => {
    const { least, score } = explorer.state;
    const value = Math.max(least, lowest());
    const text = least <= -1 ? "all heads" : minus(least);
    const code = least <= -1 ? "" : `(score >= ${least}).nonzero()`;
    update({ name: "Least score", range: [lowest(), 1, 0.05], value, text, code, hidden: score === "none" });
  });
  return element;
}

/** What a click does, and what is subtracted from the chosen heads. */
export function combining(explorer: Explorer): HTMLElement {
  const adds = checkbox({
    text: "a click adds a head; the mean is shown",
    code: "weights[layers, heads].mean(dim=0)",
    onChange: (checked) => {
      explorer.adds = checked;
    },
    signal: explorer.signal,
  });
  const less = select({
    name: "Less",
    options: [...AGAINST],
    nameOf: (against) => AGAINST_NAMES[against],
    onChange: (against) => explorer.change({ against, ...keepFirst(explorer, against) }),
    signal: explorer.signal,
  });
  const keep = button("", () => explorer.change({ kept: explorer.state.heads }), explorer.signal);
  explorer.onUpdate(() => {
    const { against, kept, heads } = explorer.state;
    adds.update(explorer.adds);
    less.update(against, AGAINST_CODE[against]);
    setText(keep, kept.length ? `Keep ${heads.join(", ")} instead of ${kept.join(", ")}` : `Keep ${heads.join(", ")}`);
    keep.hidden = against !== "kept";
  });
  return h("div", { class: "controls" }, adds.element, h("div", {}, less.element, keep));
}

/** Whoever subtracts kept heads and has kept none keeps the chosen ones. */
function keepFirst({ state, kept }: Explorer, against: Against): { kept?: string[] } {
  return against === "kept" && kept.length === 0 ? { kept: state.heads } : {};
}
