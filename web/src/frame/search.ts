// The field to search in: on the search page in the page, on all others in a dialog that leads there.

import { closeOutside } from "./dialog";

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

function isShortcut({ key, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): boolean {
  return key.toLowerCase() === "k" && (isApple ? metaKey : ctrlKey) && !shiftKey && !altKey;
}

function showShortcut(): void {
  if (!isApple) return;
  for (const key of document.querySelectorAll(".kbd-shortcut__modifier")) key.textContent = "⌘";
}

export function connectSearch(): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#pst-search-dialog");
  const inPage = document.querySelector<HTMLInputElement>(".bd-search-container input[name=q]");
  const field = inPage ?? dialog?.querySelector("input");
  if (!(dialog && field)) return;

  const show = () => {
    if (!(inPage || dialog.open)) dialog.showModal();
    field.focus();
    field.select();
  };
  if (inPage) show();
  closeOutside(dialog);
  showShortcut();
  for (const button of document.querySelectorAll(".search-button__button")) button.addEventListener("click", show);
  addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else show();
  });
}

declare const DOCUMENTATION_OPTIONS: { SHOW_SEARCH_SUMMARY: boolean };

/** From disk a page may not fetch another, so the search shows titles alone. */
export function simplifySearchOnDisk(): void {
  if (location.protocol !== "file:" || typeof DOCUMENTATION_OPTIONS === "undefined") return;
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
