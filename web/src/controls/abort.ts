// A widget's listeners end together: all of them hang on one AbortSignal.

/** A controller of one's own that a host's signal, where there is one, aborts too. */
export function abortControllerUnder(parent?: AbortSignal): AbortController {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (parent?.aborted) abort();
  parent?.addEventListener("abort", abort, { signal: controller.signal });
  return controller;
}
