// The search page leaves the words it looked for with the browser; the page opened from there marks them.

import { forget, recall } from "./memory";

const WORDS = "sphinx_highlight_terms"; // as Sphinx's search calls them
const LEFT_ALONE = "script, style, svg, button, select, textarea, .math, .llmbook-widget, .attention-lab";

function textNodes(within: Node): Text[] {
  const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Text && !node.parentElement?.closest(LEFT_ALONE)) found.push(node);
  }
  return found;
}

function marked(text: string): HTMLElement {
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}

/** Marks every place where one of the words stands, whatever its case; says how many there were. */
function markWords(article: Element, words: string[]): number {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(${escaped.join("|")})`, "i");
  for (const node of textNodes(article)) {
    const pieces = node.data.split(pattern); // what was found stands at the odd places
    if (pieces.length > 1) node.replaceWith(...pieces.map((piece, place) => (place % 2 ? marked(piece) : piece)));
  }
  return article.querySelectorAll("mark").length;
}

function unmark(article: Element, note: Element): void {
  for (const mark of article.querySelectorAll("mark")) {
    const parent = mark.parentNode;
    mark.replaceWith(...mark.childNodes);
    parent?.normalize();
  }
  note.replaceChildren();
}

function noteOf(words: string[], count: number, onUnmark: () => void): HTMLElement {
  const button = document.createElement("button");
  button.className = "llmbook-unmark";
  button.textContent = "Unmark";
  button.addEventListener("click", onUnmark);
  const note = document.createElement("p");
  note.append(`“${words.join(" ")}”: ${count === 1 ? "marked once" : `marked ${count} times`} on this page. `, button);
  return note;
}

export function markWordsSearched(): void {
  const article = document.querySelector("article.bd-article");
  const note = document.getElementById("searchbox");
  const words = (recall(WORDS) ?? "").split(/\s+/).filter(Boolean);
  if (!(article && note)) return; // the search page itself
  forget(WORDS);
  if (words.length === 0) return;

  const count = markWords(article, words);
  const clear = () => unmark(article, note);
  note.append(noteOf(words, count, clear));
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !document.querySelector("dialog[open]")) clear();
  });
  if (!location.hash) article.querySelector("mark")?.scrollIntoView({ block: "center" });
}
