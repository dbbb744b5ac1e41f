// Calls that come in crowds, made one.

/** Several calls in one task become one call at its end; after the abort none. */
export function batch(action: () => void, signal: AbortSignal): () => void {
  let pending = false;
  return () => {
    if (pending) return;
    pending = true;
    queueMicrotask(() => {
      pending = false;
      if (!signal.aborted) action();
    });
  };
}
