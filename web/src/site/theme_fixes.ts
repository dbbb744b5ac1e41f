// What the site's theme leaves to be done under a strict policy and on pages opened from disk.

/** The theme's buttons to print and to fill the screen, without the inline handlers a strict policy forbids. */
export function connectThemeButtons(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-call]") : null;
    const name = button?.dataset.call;
    const action: unknown = name && Reflect.get(globalThis, name);
    if (typeof action === "function") action();
  });
}

declare const DOCUMENTATION_OPTIONS: { SHOW_SEARCH_SUMMARY: boolean };

/** From disk a page may not fetch another, so the search shows titles alone. */
export function simplifySearchOnDisk(): void {
  if (location.protocol !== "file:" || typeof DOCUMENTATION_OPTIONS === "undefined") return;
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
