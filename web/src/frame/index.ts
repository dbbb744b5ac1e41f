// What the frame around every page does. It takes the place of the theme's own scripts, which are ten times as long
// and bind the first button of each kind, whether or not the page shows it.

import { connectActions } from "./actions";
import { followSystem, nameModeButtons, nextMode } from "./color_mode";
import { addCopyButtons } from "./copy_buttons";
import { connectDrawer } from "./drawers";
import { connectMenus } from "./menus";
import { followSections, showPresentPage } from "./place";
import { askAndClear, showProgress } from "./progress";
import { reachWhatScrolls } from "./scrolling";
import { connectSearch, simplifySearchOnDisk } from "./search";
import { markWordsSearched } from "./search_marks";
import { collectSolutionsOnPaper } from "./solutions_on_paper";

followSystem(); // at once, before anything is painted
simplifySearchOnDisk();
collectSolutionsOnPaper();

document.addEventListener("DOMContentLoaded", () => {
  nameModeButtons();
  connectActions({
    print: () => window.print(),
    fullscreen: () =>
      document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen(),
    mode: nextMode,
    "clear-answers": askAndClear,
  });
  connectDrawer({ name: "primary", label: "Pages of the book", besideFrom: 992 });
  connectDrawer({ name: "secondary", label: "On this page", besideFrom: 1200 });
  connectMenus();
  connectSearch();
  showPresentPage();
  showProgress();
  followSections();
  markWordsSearched();
  addCopyButtons();
});
addEventListener("load", reachWhatScrolls);
addEventListener("resize", reachWhatScrolls);
document.addEventListener("toggle", reachWhatScrolls, true);
