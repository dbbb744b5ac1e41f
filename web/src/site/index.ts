// The one script of the static site.

import { startWidgets } from "./start_widgets";
import { connectThemeButtons, simplifySearchOnDisk } from "./theme_fixes";

connectThemeButtons();
simplifySearchOnDisk();
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startWidgets);
else startWidgets();
