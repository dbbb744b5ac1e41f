// How well somebody's probabilities fit what happened. Written for answers to exercises, and good for any forecast.

import { fixed } from "./format";

export interface Forecast {
  sure: number; // the probability that was given, 0 to 1
  right: boolean; // what happened
}

export interface Point {
  sure: number;
  count: number; // forecasts with this probability
  right: number; // how many of them came true
  low: number; // Wilson's 95 % interval of the share that comes true
  high: number;
}

const Z = 1.96;

/** The mean of (probability − outcome)², Brier's score for events that happen or do not; NaN where there are none. */
export function brierScore(forecasts: readonly Forecast[]): number {
  const squares = forecasts.map(({ sure, right }) => (sure - Number(right)) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}

/** The score of a reader's answers, in words; empty where there are none. */
export function describeScore(forecasts: readonly Forecast[]): string {
  const count = forecasts.length;
  if (count === 0) return "";
  const of = count === 1 ? "this answer" : `${count} answers`;
  return `Brier score of ${of}: ${fixed(brierScore(forecasts))} (0 is best; always saying 50 % gets 0.25).`;
}

/** Of the forecasts with each probability, how many came true; the probabilities in rising order. */
export function calibrationCurve(forecasts: readonly Forecast[]): Point[] {
  const levels = [...new Set(forecasts.map(({ sure }) => sure))].sort((a, b) => a - b);
  return levels.map((sure) => {
    const same = forecasts.filter((forecast) => forecast.sure === sure);
    const right = same.filter((forecast) => forecast.right).length;
    return { sure, count: same.length, right, ...wilsonInterval(right, same.length) };
  });
}

/** The shares from which `right` of `count` lies within 1.96 standard deviations. */
export function wilsonInterval(right: number, count: number): { low: number; high: number } {
  const share = right / count;
  const middle = share + Z ** 2 / (2 * count);
  const half = Z * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2));
  const scale = 1 + Z ** 2 / count;
  return { low: Math.max(0, (middle - half) / scale), high: Math.min(1, (middle + half) / scale) };
}
