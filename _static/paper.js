// While the page is printed, its solutions stand together at its end, each under the name of its exercise.
(() => {
  let moved = [];

  function collect() {
    if (moved.length) return;
    const article = document.querySelector("article");
    const solutions = article ? [...article.querySelectorAll(".cell.tag_solution")] : [];
    if (!solutions.length) return;
    const end = document.createElement("section");
    end.className = "llmbook-solutions";
    end.append(Object.assign(document.createElement("h2"), { textContent: "Solutions" }));
    for (const solution of solutions) {
      const place = document.createComment("solution");
      solution.replaceWith(place);
      const heading = place.parentElement.closest("section")?.querySelector("h2, h3, h4")?.cloneNode(true);
      heading?.querySelectorAll(".headerlink").forEach((link) => link.remove());
      const name = document.createElement("h3");
      name.append(...(heading?.childNodes ?? []));
      end.append(name, solution);
      moved.push([place, solution]);
    }
    article.append(end);
  }

  function putBack() {
    for (const [place, solution] of moved) place.replaceWith(solution);
    moved = [];
    document.querySelectorAll(".llmbook-solutions").forEach((end) => end.remove());
  }

  addEventListener("beforeprint", collect);
  addEventListener("afterprint", putBack);
})();
