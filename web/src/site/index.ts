// The one script of the static site's pages with widgets.

import { startWidgets } from "./start_widgets";

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startWidgets);
else startWidgets();
