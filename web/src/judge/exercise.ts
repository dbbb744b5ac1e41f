// What a page knows of an exercise: what src/llmbook/exercises/on_page.py made of its declaration.

import { fromNested, type Nested, type Numbers, type Type } from "./numbers";

export type Known = string | boolean | Numbers; // a right or a typical wrong answer

export interface Mistake {
  answer: Known;
  says: string;
}

export interface Exercise {
  asks: string;
  answer: Known;
  right: string;
  mistakes: Mistake[];
  digits: number | undefined; // of a number typed by hand, from the first that is not 0
  decimals: number | undefined; // or after the point
}

type StoredAnswer = string | boolean | [Type, Nested];

interface Stored {
  asks: string;
  answer: StoredAnswer;
  right: string;
  mistakes: [StoredAnswer, string][];
  digits?: number;
  decimals?: number;
}

/** Letters are turned by 13 and digits by 5, so that nobody reads an answer in passing; turned twice they are back. */
export function turned(text: string): string {
  return text.replace(/[a-z0-9]/gi, (sign) => {
    const circle = /\d/.test(sign) ? "0123456789" : "abcdefghijklmnopqrstuvwxyz";
    const opposite = circle[(circle.indexOf(sign.toLowerCase()) + circle.length / 2) % circle.length] ?? sign;
    return sign === sign.toLowerCase() ? opposite : opposite.toUpperCase();
  });
}

const known = (stored: StoredAnswer): Known => (Array.isArray(stored) ? fromNested(...stored) : stored);

/** The exercise of this name, from the text that its page keeps of all; undefined where there is none to be judged. */
export function exerciseOf(text: string, name: string): Exercise | undefined {
  const all = new Map(Object.entries(JSON.parse(turned(text)) as Record<string, Stored>));
  const stored = all.get(name);
  return stored && stored.asks !== "function" ? exercise(stored) : undefined;
}

function exercise({ asks, answer, right, mistakes, digits, decimals }: Stored): Exercise {
  const typical = mistakes.map(([wrong, says]) => ({ answer: known(wrong), says }));
  return { asks, answer: known(answer), right, mistakes: typical, digits, decimals };
}
