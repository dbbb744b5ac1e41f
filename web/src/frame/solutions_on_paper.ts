// While the page is printed, its solutions stand together at its end, each under the name of its exercise.

/** A solution, and the mark that keeps its place on the page. */
type Moved = { place: Comment; solution: Element };

export function collectSolutionsOnPaper(): void {
  let moved: Moved[] = [];
  let end: HTMLElement | undefined;

  addEventListener("beforeprint", () => {
    const article = document.querySelector("article");
    const solutions = article?.querySelectorAll(".cell.tag_solution") ?? [];
    if (end || solutions.length === 0) return;
    end = document.createElement("section");
    end.className = "llmbook-solutions";
    end.append(heading("h2", "Solutions"));
    for (const solution of solutions) {
      const place = document.createComment("solution");
      solution.replaceWith(place);
      end.append(heading("h3", exerciseOf(place)), solution);
      moved.push({ place, solution });
    }
    article?.append(end);
  });

  addEventListener("afterprint", () => {
    for (const { place, solution } of moved) place.replaceWith(solution);
    moved = [];
    end?.remove();
    end = undefined;
  });
}

function heading(level: "h2" | "h3", ...content: (string | Node)[]): HTMLElement {
  const element = document.createElement(level);
  element.append(...content);
  return element;
}

/** The heading of the section a place lies in, without the link to itself. */
function exerciseOf(place: Comment): DocumentFragment {
  const name = document.createDocumentFragment();
  const title = place.parentElement?.closest("section")?.querySelector("h2, h3, h4");
  if (title) name.append(...title.cloneNode(true).childNodes);
  for (const link of name.querySelectorAll(".headerlink")) link.remove();
  return name;
}
