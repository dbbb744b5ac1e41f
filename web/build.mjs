// Builds each widget twice: an ES module for notebooks, and a classic script for the site (file:// refuses modules).
// Other classic scripts move the frame around every page, the fields of exercises, their judge, the page of
// calibration, and figures with a line for each seed. The site also needs its fonts, copied here; KaTeX's, of the version that typesets the formulas, are
// copied by _ext/katex_math.py.

import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { build, transformSync } from "esbuild";

const web = new URL(".", import.meta.url).pathname;
const root = new URL("..", import.meta.url).pathname;
const modules = `${root}src/llmbook/pages/widgets/static`; // beside the Python classes, in the wheel
const scripts = `${root}_static/generated`;
const fonts = `${root}_static/generated/fonts`;
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

/**
 * A module *.worker becomes one function with all it imports inside: called, it works on the page; its text is a worker's
 * whole script.
 */
const workerAsFunction = {
  name: "worker-as-function",
  setup({ onLoad }) {
    onLoad({ filter: /\.worker\.ts$/ }, async ({ path }) => {
      const inside = { ...options, plugins: [], entryPoints: [path], write: false, format: "iife", globalName: "made" };
      const { outputFiles } = await build(inside);
      return {
        contents: `export default function (port) { ${outputFiles[0].text}\nmade.default(port); }`,
        loader: "js",
      };
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
  plugins: [cssAsText, workerAsFunction],
};

// Each folder of src/widgets is a widget, and its module is called like the folder.
const widgets = readdirSync(`${web}src/widgets`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const entryPoints = Object.fromEntries(widgets.map(({ name }) => [name, `src/widgets/${name}/index.ts`]));

/** What starts a widget on a page without a kernel. */
function starter({ name }) {
  const contents = `import { startWidgets } from "./site/start_widgets";
    import widget from "./widgets/${name}";
    startWidgets("${name}", widget);`;
  return { stdin: { contents, resolveDir: `${web}src` }, format: "iife", outfile: `${scripts}/widgets/${name}.js` };
}

await Promise.all([
  build({ ...options, entryPoints, format: "esm", outdir: modules }),
  ...widgets.map((widget) => build({ ...options, ...starter(widget) })),
  ...["frame", "answers", "judge", "calibration", "seeds"].map((name) =>
    build({ ...options, entryPoints: [`src/${name}/index.ts`], format: "iife", outfile: `${scripts}/${name}.js` }),
  ),
  build({ ...options, entryPoints: ["src/testing.ts"], format: "iife", outfile: testScript }),
]);

// Latin letters and punctuation, and each family's licence; what they lack, Chinese for instance, is the system's.
const families = {
  "@fontsource/source-serif-4": ["latin-400-normal", "latin-400-italic", "latin-600-normal", "latin-600-italic"],
  "@fontsource-variable/source-sans-3": ["latin-wght-normal"],
  "@fontsource/source-code-pro": ["latin-400-normal"],
};
mkdirSync(fonts, { recursive: true });
for (const [name, subsets] of Object.entries(families)) {
  const source = `${web}node_modules/${name}`;
  const family = name.split("/")[1];
  for (const subset of subsets) {
    const file = `${family}-${subset}.woff2`;
    copyFileSync(`${source}/files/${file}`, `${fonts}/${file}`);
  }
  copyFileSync(`${source}/LICENSE`, `${fonts}/${family}-LICENSE.txt`);
}
