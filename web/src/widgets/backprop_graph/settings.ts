// What can be set, each with the line of PyTorch it stands for; run one after the other they give the gradients.

import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { namesOf, settingOf, WAY_NAMES, WAYS, type Way, wayOf } from "./keeping";
import { type BackpropLab, graphOf } from "./lab";
import { inputsOf, insideOf, named, TITLES, TORCH } from "./names";
import { FARTHEST, FEWEST_STEPS, GRAPHS, type GraphName, MOST_STEPS } from "./state";

export function settings(lab: BackpropLab): HTMLElement {
  const inputs = GRAPHS.flatMap((name) => inputSliders(lab, name));
  return h("div", { class: "controls" }, graphSelect(lab), stepsSlider(lab), ...inputs, waySelect(lab));
}

function graphSelect(lab: BackpropLab): HTMLElement {
  const { element, update } = select<GraphName>({
    name: "Graph",
    options: [...GRAPHS],
    nameOf: (name) => TITLES[name],
    onChange: (graph) => lab.change({ graph, step: thereOf(lab, graph, lab.state.n) }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.graph, TORCH[lab.state.graph]));
  return element;
}

/** How many operations there are: with the last one the way there is done. */
function thereOf({ source }: BackpropLab, graph: GraphName, n: number): number {
  return graphOf(source, graph, n).filter(({ operation }) => operation).length;
}

function stepsSlider(lab: BackpropLab): HTMLElement {
  const { element, update } = slider((n) => lab.change({ n, step: n }), lab.signal);
  lab.onUpdate(() => {
    const { n, graph } = lab.state;
    const range = [FEWEST_STEPS, MOST_STEPS, 1] as const;
    const hidden = graph !== "chain";
    update({ name: "Steps of the chain, n", range, value: n, text: String(n), code: `n = ${n}`, hidden });
  });
  return element;
}

/** One for each input of the graph. */
function inputSliders(lab: BackpropLab, graph: GraphName): HTMLElement[] {
  const names = inputsOf(graphOf(lab.source, graph, FEWEST_STEPS));
  return names.map((input, i) => {
    const onInput = (value: number): void =>
      lab.change({ [graph]: lab.state[graph].map((old, k) => (k === i ? value : old)) });
    const { element, update } = slider(onInput, lab.signal);
    lab.onUpdate(() => {
      const { state } = lab;
      const value = state[graph][i] ?? 0;
      const code = `${input} = torch.tensor(${decimal(value)}, requires_grad=True)`;
      const hidden = state.graph !== graph;
      const range = [-FARTHEST, FARTHEST, 0.1] as const;
      update({
        name: `Input ${named(input)}`,
        label: `Input ${input}`,
        range,
        value,
        text: decimal(value).replace("-", "−"),
        code,
        hidden,
      });
    });
    return element;
  });
}

/** As Python writes it, with a point. */
const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** What needs no checkpoint. */
const LINES: Partial<Record<Way, string>> = {
  all: "y = part(x)  # with a name for each value in it",
  read: "y = part(x)  # PyTorch keeps what its rules read",
};

function waySelect(lab: BackpropLab): HTMLElement {
  const whole = () => graphOf(lab.source, lab.state.graph, MOST_STEPS);
  const onChange = (way: Way): void => {
    if (way === "all") lab.change({ checkpoints: false });
    else lab.change(way === "own" ? ownSetting(lab) : settingOf(namesOf(way, whole(), lab.source), whole(), lab.state));
  };
  const { element, update } = select<Way>({
    name: "Kept values",
    options: [...WAYS],
    nameOf: (way) => WAY_NAMES[way],
    onChange,
    signal: lab.signal,
  });
  lab.onUpdate(() => {
    const { state, reading, source } = lab;
    const way = wayOf(state, reading.graph, whole(), source);
    update(way, LINES[way] ?? "y = checkpoint(part, x, use_reentrant=False)  # of what lies between");
  });
  return element;
}

/** What is kept now, as the reader's own choice. */
function ownSetting({ reading: { graph, kept }, source, state }: BackpropLab) {
  const names = [...kept].map((place) => graph[place]?.name ?? "");
  return settingOf(names, graphOf(source, state.graph, MOST_STEPS), state);
}

/** Keep a value, or drop it; from then on the others are as they were. */
export function toggle(lab: BackpropLab, name: string): void {
  if (!insideOf(lab.reading.graph).includes(name)) return; // the chain ends with it now
  const { checkpoints, keep } = ownSetting(lab);
  const next = keep.includes(name) ? keep.filter((one) => one !== name) : [...keep, name];
  lab.change({ checkpoints, keep: next });
}
