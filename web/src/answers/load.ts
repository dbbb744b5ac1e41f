// The judge and what it knows of a page's exercises come when a reader first turns to a field, not before.

import type { Exercise } from "../judge/exercise";
import type { Verdict } from "../judge/judging";

export interface Judge {
  exerciseOf(text: string, name: string): Exercise | undefined;
  judge(exercise: Exercise, text: string): Verdict;
}

declare global {
  var llmbookJudge: Judge | undefined;
  var llmbookExercises: Record<string, string> | undefined; // by the module that declares them
}

const HERE = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : location.href;
const loading = new Map<string, Promise<void>>();

function load(address: string): Promise<void> {
  const known = loading.get(address);
  if (known) return known;
  const loaded = new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(address, HERE).href;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => {
      loading.delete(address); // the reader may try again
      script.remove();
      reject(new Error(`${address} did not load`));
    });
    document.head.append(script);
  });
  loading.set(address, loaded);
  return loaded;
}

/** Judges a text typed in answer to an exercise that a module declares. Rejects where one of the files is missing. */
export async function verdictOn(module: string, name: string, text: string): Promise<Verdict> {
  await Promise.all([load("judge.js"), load(`../exercises/${module}.js`)]);
  const { llmbookJudge: judge, llmbookExercises: all } = globalThis;
  const exercise = judge?.exerciseOf(all?.[module] ?? "{}", name);
  if (!(judge && exercise)) throw new Error(`${module} does not know ${name}`);
  return judge.judge(exercise, text);
}
