// A button on each block of code that a reader could run. What a cell printed has none.

async function copy(button: HTMLElement, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not copied";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 1500);
}

export function addCopyButtons(): void {
  for (const code of document.querySelectorAll("article div.highlight > pre")) {
    if (code.closest(".cell_output")) continue;
    const button = document.createElement("button");
    button.className = "copybtn";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(button, code.textContent.trimEnd()));
    code.after(button);
  }
}
