// Style sheets without a <style> element, which a strict content security policy would refuse.

// The sheets in force, kept on the document: two widgets come as two scripts, and each would adopt the shared sheet.
const KEY = "llmbookSheet";

/** Put a style sheet in force, once for the whole document. */
export function adoptStyleSheet(css: string): void {
  const holder: Document & { [KEY]?: Set<string> } = document;
  holder[KEY] ??= new Set();
  if (holder[KEY].has(css)) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  holder[KEY].add(css);
}
