// The two sidebars: beside the text where there is room, in a dialog where there is none.

import { closeOutside } from "./dialog";

type Drawer = { name: string; label: string; besideFrom: number };
type Parts = { sidebar: HTMLElement; dialog: HTMLDialogElement; toggle: HTMLElement; wide: MediaQueryList };

function closeButton(dialog: HTMLDialogElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.className = "llmbook-close";
  button.textContent = "Close";
  button.addEventListener("click", () => dialog.close());
  return button;
}

/** Dialog and sidebar exchange what they hold, and the classes that style it; the close button stays. */
function move(from: HTMLElement, to: HTMLElement, classes: string[]): void {
  to.append(...[...from.children].filter((child) => !child.classList.contains("llmbook-close")));
  to.classList.add(...classes);
  from.classList.remove(...classes);
}

function connect({ sidebar, dialog, toggle, wide }: Parts): void {
  const classes = [...sidebar.classList];
  const tell = () => {
    const beside = wide.matches && !sidebar.classList.contains("pst-sidebar-hidden");
    toggle.setAttribute("aria-expanded", String(dialog.open || beside));
  };
  toggle.addEventListener("click", () => {
    if (wide.matches) sidebar.classList.toggle("pst-sidebar-hidden");
    else {
      move(sidebar, dialog, classes);
      dialog.showModal();
      dialog.querySelector(".current > a.current")?.scrollIntoView({ block: "center" });
    }
    tell();
  });
  dialog.addEventListener("close", () => {
    move(dialog, sidebar, classes);
    toggle.focus({ preventScroll: true });
    tell();
  });
  dialog.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("a[href^='#']")) dialog.close();
  });
  wide.addEventListener("change", () => {
    dialog.close();
    tell();
  });
  tell();
}

/** Connects the button that opens the drawer; hides it on a page that has no such sidebar. */
export function connectDrawer({ name, label, besideFrom }: Drawer): void {
  const sidebar = document.getElementById(`pst-${name}-sidebar`);
  const dialog = document.getElementById(`pst-${name}-sidebar-modal`);
  const toggle = document.querySelector<HTMLElement>(`.${name}-toggle`);
  if (!toggle) return;
  if (sidebar && dialog instanceof HTMLDialogElement) {
    dialog.setAttribute("aria-label", label);
    dialog.append(closeButton(dialog));
    closeOutside(dialog);
    connect({ sidebar, dialog, toggle, wide: matchMedia(`(min-width: ${besideFrom}px)`) });
  } else toggle.hidden = true;
}
