// Light, dark, or as the system has it. The style sheets read `data-theme`, the button's icon `data-mode`.

import { recall, remember } from "./memory";

const MODES = ["auto", "light", "dark"];
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

const currentMode = (): string => root.dataset.mode ?? "auto";

function setMode(mode: string): void {
  const systemTheme = systemIsDark.matches ? "dark" : "light";
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? systemTheme : mode;
}

/** As the reader chose on another page, or as the system has it now and later. */
export function followSystem(): void {
  const stored = recall("mode") ?? "";
  setMode(MODES.includes(stored) ? stored : "auto");
  systemIsDark.addEventListener("change", () => setMode(currentMode()));
}

export function nameModeButtons(): void {
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    button.setAttribute("aria-label", `Color mode: ${currentMode()}`);
  }
}

export function nextMode(): void {
  const mode = MODES[(MODES.indexOf(currentMode()) + 1) % MODES.length] ?? "auto";
  remember("mode", mode);
  setMode(mode);
  nameModeButtons();
}
