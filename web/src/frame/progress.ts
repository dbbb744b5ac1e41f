// How many exercises of each page are done, beside the page in the list of pages; and a button that forgets it.

import { type Answers, clearAnswers, countDone, onAnswers } from "../answers/store";

const ASK = "Forget all your answers in this browser, and how sure you were?";

const element = (name: "span" | "p", className: string, text: string): HTMLElement => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

/** The links to the pages of the book, by the name of the page. */
function linksOf(list: Element): Map<string, HTMLAnchorElement> {
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const links = [...list.querySelectorAll<HTMLAnchorElement>("a.reference.internal")];
  return new Map(
    links.map((link) => [decodeURIComponent(link.pathname.slice(root.pathname.length)).replace(/\.html$/, ""), link]),
  );
}

function show(answers: Answers, list: Element, total: HTMLElement): void {
  for (const old of list.querySelectorAll(".llmbook-progress")) old.remove();
  const links = linksOf(list);
  let sum = 0;
  for (const [page, kept] of Object.entries(answers)) {
    const done = countDone(kept);
    sum += done;
    const text = `${done} of ${kept.total} done`;
    if (done > 0) links.get(page)?.append(" ", element("span", "llmbook-progress", text));
  }
  total.textContent = sum > 0 ? `${sum} exercise${sum > 1 ? "s" : ""} done. ` : "No answers are kept. ";
}

export function showProgress(): void {
  const list = document.querySelector("nav.bd-links");
  if (!list) return;
  const button = document.createElement("button");
  button.className = "llmbook-clear";
  button.dataset.action = "clear-answers";
  button.textContent = "Clear";
  const total = element("span", "", "");
  total.role = "status";
  const line = element("p", "llmbook-progress-all", "");
  line.append(total, button);
  line.hidden = true;
  list.append(line);
  onAnswers((answers) => {
    if (Object.keys(answers).length > 0) line.hidden = false; // once there, it stays, and so does the focus
    show(answers, list, total);
  });
}

/** What the buttons that clear do; each says so itself for a moment. */
export function askAndClear(button: HTMLElement): void {
  if (!confirm(ASK)) return;
  clearAnswers();
  const label = button.textContent;
  if (label === "Cleared") return;
  button.textContent = "Cleared";
  setTimeout(() => {
    button.textContent = label;
  }, 1500);
}
