// Leaves out of style sheets the rules that no page uses, and the variables that no rule uses. Reads { words, styles:
// { name: css }, whole: { name: css }, others } as JSON and writes the styles back, shortened, with those that stay whole;
// all are minified. _ext/used_styles.py asks. Words are all tags, classes, ids and attributes in use; others are further
// places where variables are read.

import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { PurgeCSS } from "purgecss";

const { words, styles, whole, others } = JSON.parse(readFileSync(0, "utf-8"));
const content = [{ raw: words.join(" "), extension: "html" }];
const defaultExtractor = (text) => text.split(" ");
// The book draws its icons in book.css: the theme's fonts of icons, a hundred kilobytes each, are never needed.
const ICON_FONTS = /@font-face\s*\{[^}]*Font ?Awesome[^}]*\}/g;

/** The rules in use. */
async function purge(raw) {
  const [{ css }] = await new PurgeCSS().purge({ content, css: [{ raw }], defaultExtractor, keyframes: true });
  return css
    .replace(ICON_FONTS, "")
    .replace(/\/\*(?!!)[\s\S]*?\*\//g, "")
    .replace(/\n\s*\n/g, "\n");
}

/** Drops each variable that neither a style sheet nor a script reads, and then those that only such a one read. */
function dropVariables(sheets) {
  const used = new Set(words.map((word) => `--${word.replace(/^--/, "")}`));
  for (const text of [...sheets, ...Object.values(whole), ...others])
    for (const [, name] of text.matchAll(/var\(\s*(--[\w-]+)/g)) used.add(name);
  const left = sheets.map((text) =>
    text.replace(/(?<=[{;\s])(--[\w-]+)\s*:[^;{}"'()]*(?:\([^;{}"']*\)[^;{}"'()]*)*(?:;|(?=\}))/g, (all, name) =>
      used.has(name) ? all : "",
    ),
  );
  return left.every((text, place) => text === sheets[place]) ? left : dropVariables(left);
}

const names = Object.keys(styles);
const shortened = dropVariables(await Promise.all(Object.values(styles).map(purge)));
const answer = { ...Object.fromEntries(names.map((name, place) => [name, shortened[place]])), ...whole };
const minify = (css) => transformSync(css, { loader: "css", minify: true, target: "es2022" }).code;
process.stdout.write(
  JSON.stringify(Object.fromEntries(Object.entries(answer).map(([name, css]) => [name, minify(css)]))),
);
