// Builds each widget twice: an ES module for notebooks, and one classic script for the site (file:// refuses modules).
// The site also needs KaTeX's style sheet and fonts, of the version that typesets its formulas.

import { readdirSync, readFileSync } from "node:fs";
import { build, transformSync } from "esbuild";

const web = new URL(".", import.meta.url).pathname;
const root = new URL("..", import.meta.url).pathname;
const modules = `${root}src/llmbook/pages/widgets/static`; // beside the Python classes, in the wheel
const siteScript = `${root}_static/generated/widgets.js`;
const testScript = `${root}_build/testing/testing.js`;

/** A style sheet that is imported becomes a string of minified CSS. */
const cssAsText = {
  name: "css-as-text",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, ({ path }) => {
      const { code } = transformSync(readFileSync(path, "utf8"), { loader: "css", minify: true, target: "es2022" });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

const options = {
  bundle: true,
  minify: true,
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: web,
  plugins: [cssAsText],
};

// Each folder of src/widgets is a widget, and its module is called like the folder.
const widgets = readdirSync(`${web}src/widgets`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const entryPoints = Object.fromEntries(widgets.map(({ name }) => [name, `src/widgets/${name}/index.ts`]));

await Promise.all([
  build({ ...options, entryPoints, format: "esm", outdir: modules }),
  build({ ...options, entryPoints: ["src/site/index.ts"], format: "iife", outfile: siteScript }),
  build({ ...options, entryPoints: ["src/testing.ts"], format: "iife", outfile: testScript }),
]);
