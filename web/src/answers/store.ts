// What the browser keeps of a reader's answers, and nobody else: which exercises are done, and the first answer to each
// with how sure the reader was. A browser may forbid it, or be full: then it is kept until the page is left.

import type { Forecast } from "../core/calibration";
import { forget, recall, remember } from "../frame/memory";

export interface Kept {
  done: boolean;
  first?: { sure: number | null; right: boolean };
}

export interface PageKept {
  total: number; // exercises on the page, as it was last seen
  exercises: Record<string, Kept>;
}

export type Answers = Record<string, PageKept>; // by the page's name

const KEY = "llmbook-answers";
const CHANGED = "llmbook-answers";
let unsaved: Answers | null = null;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whatever stands in the store, what is no answer is left out. */
function checked(stored: unknown): Answers {
  const pages = isObject(stored) ? Object.entries(stored) : [];
  return Object.fromEntries(
    pages.flatMap(([page, kept]) => {
      if (!(isObject(kept) && Number.isSafeInteger(kept.total) && isObject(kept.exercises))) return [];
      const exercises = Object.entries(kept.exercises).map(([name, one]) => [name, checkedOne(one)]);
      return [[page, { total: Number(kept.total), exercises: Object.fromEntries(exercises) }]];
    }),
  );
}

function checkedOne(one: unknown): Kept {
  const { done, first } = isObject(one) ? one : {};
  if (!(isObject(first) && typeof first.right === "boolean")) return { done: done === true };
  const { sure, right } = first;
  const probability = typeof sure === "number" && sure >= 0 && sure <= 1 ? sure : null;
  return { done: done === true, first: { sure: probability, right } };
}

export function readAnswers(): Answers {
  if (unsaved) return unsaved;
  try {
    return checked(JSON.parse(recall(KEY) ?? "{}"));
  } catch {
    return {}; // not ours, or broken
  }
}

/** Changes what is kept of one exercise, and tells all who show it. */
export function keep(page: string, total: number, name: string, change: (kept: Kept) => Kept): void {
  const answers = readAnswers();
  const exercises = { ...answers[page]?.exercises };
  exercises[name] = change(exercises[name] ?? { done: false });
  const changed = { ...answers, [page]: { total, exercises } };
  const text = JSON.stringify(changed);
  remember(KEY, text);
  unsaved = recall(KEY) === text ? null : changed;
  document.dispatchEvent(new CustomEvent(CHANGED, { detail: changed }));
}

/** Keeps a widget's forecast, of something that is asked only once; a notebook has no page that counts it. */
export function keepForecast(widget: string, { inNotebook }: { inNotebook: boolean }, forecast: Forecast): Forecast {
  const { sure, right } = forecast;
  if (!inNotebook) keep(widget, 0, Date.now().toString(36), () => ({ done: false, first: { sure, right } }));
  return forecast;
}

export function clearAnswers(): void {
  forget(KEY);
  document.dispatchEvent(new CustomEvent(CHANGED, { detail: {} }));
}

/** Calls back with what is kept, now and whenever it changes, in this page or in another. */
export function onAnswers(show: (answers: Answers) => void): void {
  show(readAnswers());
  document.addEventListener(CHANGED, (event) => {
    const answers: Answers = event instanceof CustomEvent ? event.detail : {};
    if (Object.keys(answers).length === 0) unsaved = null;
    show(answers);
  });
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) show(readAnswers());
  });
}

export const countDone = ({ exercises }: PageKept): number =>
  Object.values(exercises).filter(({ done }) => done).length;

/** The first answers with which the reader said how sure they were. */
export function forecasts(answers: Answers): Forecast[] {
  const kept = Object.values(answers).flatMap(({ exercises }) => Object.values(exercises));
  return kept.flatMap(({ first }) => (first && first.sure !== null ? [{ sure: first.sure, right: first.right }] : []));
}
