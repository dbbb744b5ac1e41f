// Builds each widget twice: an ES module for notebooks, and one classic script for the site (file:// refuses modules).
// The site also needs KaTeX's style sheet and fonts, of the version that typesets its formulas.

import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const common = { bundle: true, minify: true, target: "es2022", legalComments: "none", logLevel: "warning", absWorkingDir: `${root}web` };

await Promise.all([
  build({ ...common, entryPoints: ["src/attention_lab.ts"], format: "esm", outdir: `${root}src/llmbook/widgets/static` }),
  build({ ...common, entryPoints: ["src/site.ts"], format: "iife", outfile: `${root}_static/generated/widgets.js` }),
  build({ ...common, entryPoints: ["src/testing.ts"], format: "iife", outfile: `${root}_build/testing/testing.js` }),
]);
