// What can be scrolled sideways can be reached by keyboard, and nothing else stops the Tab key.

const MAY_SCROLL =
  "article pre, .cell_output > .output, article .pst-scrollable-table-container, article .llmbook-figure";

export function reachWhatScrolls(): void {
  for (const part of document.querySelectorAll<HTMLElement>(MAY_SCROLL)) {
    if (part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}
