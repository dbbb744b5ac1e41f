// Buttons name what they do in `data-action`: a strict policy forbids handlers written into the page.

export function connectActions(actions: Record<string, (button: HTMLElement) => unknown>): void {
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-action]") : null;
    if (button) actions[button.dataset.action ?? ""]?.(button);
  });
}
