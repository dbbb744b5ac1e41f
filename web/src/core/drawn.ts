// Random numbers that are the same for the same name, here and in Python: the twin is llmbook.pages.widgets.placed.drawn.

import { hash } from "./words";

const SPREAD = Math.sqrt(3);
const KEPT = 1024;
const known = new Map<string, Float64Array>();

/**
 * So many numbers between -√3 and √3, of mean 0 and variance 1. The name's hash is the seed of mulberry32, a generator
 * of 32 bits by Tommy Ettinger (2017, public domain).
 */
export function drawn(name: string, count: number): Float64Array {
  const key = `${count} ${name}`;
  const found = known.get(key) ?? draw(hash(name), count);
  if (known.size >= KEPT) known.clear();
  known.set(key, found);
  return found;
}

function draw(seed: number, count: number): Float64Array {
  const out = new Float64Array(count);
  let a = seed;
  for (let i = 0; i < count; i++) {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = ((((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 31 - 1) * SPREAD;
  }
  return out;
}
