// The heat map: SVG up to 32 tokens a side, canvas above. It draws; what a key or a finger means is the lab's business.

import { h, setAttribute, setText, svg } from "./dom";

export interface Heat {
  element: HTMLElement;
  grid: HTMLElement;
  draw(weights: Float64Array, may: Uint8Array, row: number, key: number, hiddenRow: number): void;
  describe(sentence: string, row: number, key: number): void;
  cellAt(event: MouseEvent): [number, number];
}

const LABELS = 72;
const LEAN = 36; // how far the last column's slanted name reaches beyond its column
const SHADES = 128; // more than an eye tells apart, and few enough that most cells keep theirs from move to move
const cut = (word: string, most: number): string => ([...word].length > most ? [...word].slice(0, most - 1).join("") + "…" : word);

interface Plan {
  T: number;
  S: number;
  size: number;
  slanted: boolean;
  width: number;
  height: number;
}

export function heatMap(tokens: string[], keyTokens: string[]): Heat {
  const [T, S] = [tokens.length, keyTokens.length];
  const size = Math.max(9, Math.min(46, Math.floor(400 / Math.max(S, 1))));
  const onCanvas = Math.max(T, S) > 32;
  const slanted = onCanvas || size <= 40;
  const plan = { T, S, size, slanted, width: LABELS + S * size + (slanted ? LEAN : 2), height: LABELS + T * size + 2 };
  const picture = onCanvas ? canvasPicture(plan, tokens, keyTokens) : svgPicture(plan, tokens, keyTokens);
  const cell = h("div", { role: "gridcell", id: `cell-${Math.random().toString(36).slice(2)}` });
  const line = h("div", { role: "row", class: "hidden" }, cell);
  const grid = h("div", {
    role: "grid", tabindex: "0", "aria-activedescendant": cell.id, "aria-rowcount": String(T), "aria-colcount": String(S),
    "aria-label": `Attention weights: ${T} queries by ${S} keys. Arrow keys move, Enter hides or shows a cell.`,
  }, line);
  const element = h("div", { class: "heat" });
  element.append(picture.element, grid);
  return {
    element,
    grid,
    draw: picture.draw,
    describe(sentence, row, key) {
      setText(cell, sentence);
      setAttribute(line, "aria-rowindex", String(row + 1));
      setAttribute(cell, "aria-colindex", String(key + 1));
    },
    cellAt(event) {
      const box = element.getBoundingClientRect();
      const per = plan.width / box.width;
      const [x, y] = [(event.clientX - box.left) * per, (event.clientY - box.top) * per];
      const lean = slanted && y < LABELS ? (LABELS - y) / Math.tan(Math.PI / 3) : 0; // a slanted name stands at its foot
      const [t, s] = [y, x - lean].map((place) => Math.floor((place - LABELS) / size)) as [number, number];
      return [t < T ? t : -1, s < S ? s : -1]; // below 0: a name was hit, or nothing
    },
  };
}

type Picture = { element: Element; draw: Heat["draw"] };

function svgPicture({ T, S, size, slanted, width, height }: Plan, tokens: string[], keyTokens: string[]): Picture {
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
  const label = (word: string, x: number, y: number, more: Record<string, string | number>): void => {
    const text = svg("text", { x, y, "dominant-baseline": "central", ...more });
    text.textContent = cut(word, 8);
    root.append(text);
  };
  const letter = Math.min(13, size);
  tokens.forEach((word, t) => label(word, LABELS - 6, LABELS + (t + 0.5) * size, { "text-anchor": "end", "font-size": letter }));
  keyTokens.forEach((word, s) => {
    const x = LABELS + (s + 0.5) * size;
    if (!slanted) label(word, x, LABELS - 10, { "text-anchor": "middle", "font-size": letter });
    else label(word, x, LABELS - 6, { "text-anchor": "start", "font-size": letter, transform: `rotate(-60 ${x} ${LABELS - 6})` });
  });
  const rects: SVGElement[] = [];
  const texts: SVGElement[] = [];
  const crosses: SVGElement[] = [];
  for (let i = 0; i < T * S; i++) {
    const [x, y] = [LABELS + (i % S) * size, LABELS + Math.floor(i / S) * size];
    rects.push(svg("rect", { x: x + 0.5, y: y + 0.5, width: size - 1, height: size - 1, "fill-opacity": 0 }));
    crosses.push(svg("path", { d: `M${x + size * 0.35} ${y + size * 0.65}L${x + size * 0.65} ${y + size * 0.35}`, visibility: "hidden" }));
    if (size > 30) texts.push(svg("text", { x: x + size / 2, y: y + size / 2, "text-anchor": "middle", "dominant-baseline": "central" }));
  }
  const rowFrame = svg("rect", { class: "row", x: LABELS, width: S * size, height: size });
  const active = svg("rect", { class: "active", width: size, height: size });
  const group = (name: string, parts: SVGElement[]): SVGElement => {
    const g = svg("g", { class: name }); // looks are inherited from here: matching rules for each cell would cost more
    g.append(...parts);
    return g;
  };
  root.append(group("cells", rects), group("crosses", crosses), group("digits", texts), svg("rect", { class: "frame", x: LABELS, y: LABELS, width: S * size, height: T * size }), rowFrame, active);

  const shade = new Int16Array(T * S).fill(-1);
  const barred = new Uint8Array(T * S);
  const digits: string[] = new Array(T * S).fill("");
  function draw(weights: Float64Array, may: Uint8Array, row: number, key: number, hiddenRow: number): void {
    for (let i = 0; i < T * S; i++) {
      const hidden = Math.floor(i / S) === hiddenRow;
      const level = hidden ? 0 : Math.round(weights[i]! * SHADES);
      if (level !== shade[i]) {
        shade[i] = level;
        rects[i]!.setAttribute("fill-opacity", (level / SHADES).toFixed(3));
      }
      if (texts.length) {
        const digit = hidden ? "?" : may[i] ? weights[i]!.toFixed(2) : "";
        if (digit !== digits[i]) texts[i]!.textContent = digits[i] = digit;
      }
      const bar = may[i] ? 0 : 1;
      if (bar !== barred[i]) {
        barred[i] = bar;
        crosses[i]!.setAttribute("visibility", bar ? "visible" : "hidden");
      }
    }
    setAttribute(rowFrame, "y", String(LABELS + row * size));
    setAttribute(active, "x", String(LABELS + key * size));
    setAttribute(active, "y", String(LABELS + row * size));
  }
  return { element: root, draw };
}

function canvasPicture({ T, S, size, width, height }: Plan, tokens: string[], keyTokens: string[]): Picture {
  const canvas = h("canvas", { width: String(width * 2), height: String(height * 2), "aria-hidden": "true" });
  const context = canvas.getContext("2d")!;
  const labels = h("canvas", { width: String(width * 2), height: String(height * 2) });
  let inked = "";
  let again = (): void => {};
  // The colours are those of the page, and a canvas has none before it stands there.
  new ResizeObserver((_, observer) => (observer.disconnect(), again())).observe(canvas);

  function drawLabels(ink: string): void {
    const pen = labels.getContext("2d")!;
    pen.setTransform(2, 0, 0, 2, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = ink;
    pen.font = `${Math.min(11, size + 1)}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    tokens.forEach((word, t) => pen.fillText(cut(word, 9), LABELS - 4, LABELS + (t + 0.5) * size));
    pen.textAlign = "left";
    keyTokens.forEach((word, s) => {
      pen.save();
      pen.translate(LABELS + (s + 0.5) * size, LABELS - 4);
      pen.rotate(-Math.PI / 3);
      pen.fillText(cut(word, 9), 0, 0);
      pen.restore();
    });
  }

  function draw(weights: Float64Array, may: Uint8Array, row: number, key: number, hiddenRow: number): void {
    again = () => draw(weights, may, row, key, hiddenRow);
    const style = getComputedStyle(canvas);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    if (inked !== style.color) drawLabels((inked = style.color));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width * 2, height * 2);
    context.drawImage(labels, 0, 0);
    context.setTransform(2, 0, 0, 2, 0, 0);
    context.fillStyle = colour("--heat");
    for (let i = 0; i < T * S; i++) {
      if (!may[i] || Math.floor(i / S) === hiddenRow || weights[i]! < 0.002) continue;
      context.globalAlpha = weights[i]!;
      context.fillRect(LABELS + (i % S) * size, LABELS + Math.floor(i / S) * size, size - 0.5, size - 0.5);
    }
    context.globalAlpha = 1;
    context.strokeStyle = colour("--line");
    context.strokeRect(LABELS, LABELS, S * size, T * size);
    context.strokeStyle = colour("--soft");
    context.strokeRect(LABELS, LABELS + row * size, S * size, size);
    context.strokeStyle = colour("--mark");
    context.lineWidth = 2;
    context.strokeRect(LABELS + key * size, LABELS + row * size, size, size);
    context.lineWidth = 1;
  }
  return { element: canvas, draw };
}
