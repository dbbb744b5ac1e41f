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

const SEEN = "v"; // the letter of a line that is in no strip

/** The text of a block; of a cell that is partly folded, the whole of it, each line in its place. */
function sourceOf(code: Element): string {
  const cell = code.closest(".cell_input");
  const strip = cell?.querySelector<HTMLElement>("[data-lines]");
  if (!cell || !strip) return code.textContent.trimEnd();
  const left = new Map<string, string[]>();
  for (const block of cell.querySelectorAll("pre")) {
    left.set(partOf(block), block.textContent.trimEnd().split("\n"));
  }
  return [...(strip.dataset.lines ?? "")].map((part) => left.get(part)?.shift() ?? "").join("\n");
}

/** Which part of its cell a block is, by the letter that a strip gives to each of its lines. */
function partOf(block: Element): string {
  const strip = block.closest<HTMLElement>("[data-part]");
  return strip?.dataset.part ?? SEEN;
}

export function addCopyButtons(): void {
  for (const code of document.querySelectorAll("article div.highlight > pre")) {
    const seen = code.closest(".llmbook-strip")?.parentElement?.querySelector(":scope > :not(.llmbook-strip)");
    if (code.closest(".cell_output") || seen) continue;
    const button = document.createElement("button");
    button.className = "copybtn";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(button, sourceOf(code)));
    code.after(button);
  }
}
