// Calls that come in crowds, spread over time.

/** Call at most once in `wait` ms, the last call never lost; after the abort not at all. */
export function throttle(action: () => void, wait: number, signal: AbortSignal): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (!signal.aborted) action();
    }, wait);
  };
}
