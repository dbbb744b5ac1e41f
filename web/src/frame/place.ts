// Where the reader is: the page in the list of pages, the section in the page's contents.

/** Where many pages are listed, the present one is in view. */
export function showPresentPage(): void {
  const sidebar = document.getElementById("pst-primary-sidebar");
  const present = sidebar?.querySelector(".current > a.current");
  if (!(sidebar && present)) return;
  const below = present.getBoundingClientRect().top - sidebar.getBoundingClientRect().top;
  if (below > sidebar.clientHeight * 0.8) sidebar.scrollTop = below - sidebar.clientHeight / 3;
}

function contentsLinks(): Map<Element, Element> {
  const found = new Map<Element, Element>();
  for (const link of document.querySelectorAll<HTMLAnchorElement>("#pst-page-toc-nav a[href^='#']")) {
    const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (section) found.set(section, link);
  }
  return found;
}

/** The section at the top of the window is marked in the contents. */
export function followSections(): void {
  const links = contentsLinks();
  const mark = (current: Element) => {
    for (const [section, link] of links) {
      link.classList.toggle("active", section === current);
      if (section === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const watch = new IntersectionObserver(
    (entries) => {
      const seen = entries.filter((entry) => entry.isIntersecting).pop();
      if (seen) mark(seen.target);
    },
    { rootMargin: "0px 0px -70% 0px" },
  );
  for (const section of links.keys()) watch.observe(section);
}
