// The page's theme, light or dark, is an attribute of its root; pictures on canvas do not follow it by themselves.

/** Call `action` whenever the theme changes, until the abort. */
export function onThemeChange(action: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(action);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme"] });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}
