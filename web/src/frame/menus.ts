// The menus above the text, of downloads for instance.

function connectMenu(button: HTMLElement, menu: Element, place: HTMLElement): void {
  const isOpen = () => menu.classList.contains("show");
  const open = (opened: boolean) => {
    menu.classList.toggle("show", opened);
    button.setAttribute("aria-expanded", String(opened));
  };
  button.addEventListener("click", () => open(!isOpen()));
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !button.contains(target)) open(false);
  });
  place.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !isOpen()) return;
    open(false);
    button.focus();
  });
  place.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !place.contains(relatedTarget)) open(false);
  });
}

export function connectMenus(): void {
  for (const button of document.querySelectorAll<HTMLElement>(".dropdown-toggle")) {
    const menu = button.parentElement?.querySelector(".dropdown-menu");
    if (button.parentElement && menu) connectMenu(button, menu, button.parentElement);
  }
}
