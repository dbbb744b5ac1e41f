// Questions drawn by lot, with what has to be set for them, and three answers: the right one and two mistakes.

import { slopesOf } from "../../core/backprop";
import { settingOf } from "./keeping";
import { type BackpropLab, graphOf, type Question, read } from "./lab";
import { equation, four, insideOf, named, values } from "./names";
import { MOST_STEPS, type State } from "./state";

const TRIES = 100;
const SHARE = 0.4; // of the values that are kept in a question
const KINDS = [gradientQuestion, gradientQuestion, peakQuestion, againQuestion] as const;

export function drawQuestion(lab: BackpropLab): Question | null {
  for (let i = 0; i < TRIES; i++) {
    const question = pick(KINDS)(lab);
    if (question) return question;
  }
  return null;
}

/** Of a node whose gradient is not too small or large; the mistakes are other numbers that stand near. */
function gradientQuestion({ source, state }: BackpropLab): Question | null {
  const given = state[state.graph].map(() => Math.round(40 * Math.random() - 20) / 10);
  const inputs: Partial<State> = { [state.graph]: given, checkpoints: false };
  const { graph, values: found, all } = read(source, { ...state, ...inputs });
  const place = Math.floor(Math.random() * (graph.length - 1));
  const node = graph[place];
  const right = all[place] ?? 0;
  if (!node || Math.abs(right) < 1e-3 || Math.abs(right) > 1e3) return null;
  const users = [...graph.keys()].filter((one) => graph[one]?.inputs.includes(place));
  const shares = users.flatMap((one) => {
    const slopes = slopesOf(graph, found, one).filter((_, n) => graph[one]?.inputs[n] === place);
    return slopes.flatMap((slope) => [slope, slope * (all[one] ?? 0)]);
  });
  const wrong = [-right, ...shares, found[place] ?? 0, 2 * right, right / 2].map(four);
  const there = graph.filter(({ operation }) => operation).length;
  const text = `New inputs, and all is computed. Added up, which gradient arrives at ${equation(graph, node)}?`;
  const told = `the gradient of ${named(node.name)} is ${four(right)}.`;
  return withAnswers({ text, told, changes: { ...inputs, step: there } }, four(right), wrong);
}

/** Some values to be kept, and what is counted then. */
function drawKept({ source, state, reading: { graph } }: BackpropLab) {
  const names = insideOf(graph).filter(() => Math.random() < SHARE);
  const whole = graphOf(source, state.graph, MOST_STEPS);
  const changes: Partial<State> = { ...settingOf(names, whole, state), step: 0 };
  const { inAll } = read(source, { ...state, ...changes });
  const list = names.map(named).join(", ") || "nothing";
  return { changes, inAll, list, kept: names.length, inside: insideOf(graph).length };
}

function peakQuestion(lab: BackpropLab): Question | null {
  const { changes, inAll, list, kept, inside } = drawKept(lab);
  const text = `Of the values inside, kept until the way back: ${list}. How many values, inputs aside, are held at once, at most?`;
  const told = `at most ${values(inAll.most)} held at once.`;
  const wrong = [kept + 1, inside + 1, inAll.most - 1, inAll.most + 1, inAll.most + 2];
  return withAnswers({ text, told, changes }, String(inAll.most), wrong.filter((one) => one > 0).map(String));
}

function againQuestion(lab: BackpropLab): Question | null {
  const { changes, inAll, list, kept, inside } = drawKept(lab);
  const text = `Of the values inside, kept until the way back: ${list}. How many operations are computed again?`;
  const told = `${inAll.again} computed again.`;
  const wrong = [inside - kept, inside, inAll.again - 1, inAll.again + 1, inAll.again + 2];
  return withAnswers({ text, told, changes }, String(inAll.again), wrong.filter((one) => one >= 0).map(String));
}

/** Three answers in an order drawn by lot; none where the mistakes are too few. */
function withAnswers(
  asked: Pick<Question, "text" | "told" | "changes">,
  right: string,
  mistakes: string[],
): Question | null {
  const wrong = [...new Set(mistakes)].filter((one) => one !== right);
  if (wrong.length < 2) return null;
  const first = pick(wrong);
  const wrongs = [first, pick(wrong.filter((one) => one !== first))];
  const at = Math.floor(3 * Math.random());
  return { ...asked, options: [...wrongs.slice(0, at), right, ...wrongs.slice(at)], right: at };
}

function pick<Value>(all: readonly Value[]): Value {
  const value = all[Math.floor(Math.random() * all.length)];
  if (value === undefined) throw new Error("there is nothing to draw from");
  return value;
}
