// The attention laboratory: one front end for Jupyter, Colab and the static page.

import { asCode, attend, entropy, inputs, mayAttend, scores, toWords } from "./core";
import type { Entry, Inputs, Result, Source, State } from "./core";
import { adopt, h, setAttribute, setText, throttle, unique } from "./dom";
import { heatMap } from "./heat";
import type { Heat } from "./heat";
import { css } from "./style";

export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
  save_changes(): void;
}

const STATE = [
  "text", "temperature", "scaled", "d_k", "mask", "n_keys", "window", "blocked", "edits", "head", "row", "key",
] as const;
const quote = (word: string): string => `“${word}”`;
const number = (x: number, places = 2): string => (Object.is(+x.toFixed(places), -0) ? (0).toFixed(places) : x.toFixed(places));

export function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  adopt(css);
  const source: Source = model.get("source");
  const state = {} as State;
  const root = h("div", { class: "attention-lab", role: "group", "aria-label": "Attention laboratory" });

  let given: Inputs;
  let result: Result;
  let may: Uint8Array;
  let heat: Heat | undefined;
  let shown = "";
  let known: { of: string; scores: Float64Array } | undefined;
  let hiddenRow = -1; // the row whose weights wait to be predicted
  let points = 0;
  let rounds = 0;

  const change = (changes: Partial<State>): void => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };

  // --- what the reader touches ---------------------------------------------------------------------------------
  const refreshers: (() => void)[] = [];

  function slider(name: string, field: "temperature" | "d_k" | "n_keys" | "window" | "head", code: () => string, range: () => [number, number, number]): HTMLElement {
    const input = h("input", { type: "range", "aria-label": name });
    const value = h("span", { class: "value" });
    const line = h("code");
    const control = h("label", { class: "control" }, h("span", { class: "name" }, name, value), input, line);
    input.addEventListener("input", () => change({ [field]: Number(input.value) }));
    refreshers.push(() => {
      const [low, high, step] = range();
      Object.entries({ min: low, max: high, step }).forEach(([key, limit]) => setAttribute(input, key, String(limit)));
      if (Number(input.value) !== state[field]) input.value = String(state[field]);
      const shown = field === "temperature" ? number(state[field]) : field === "head" && source.kind === "tensors" ? String(source.heads[state.head]) : String(state[field]);
      setText(value, shown);
      setAttribute(input, "aria-valuetext", shown);
      setText(line, code());
      control.hidden = low === high || (field === "n_keys" && state.mask !== "padding") || (field === "window" && state.mask !== "window");
    });
    return control;
  }

  const sentenceInput = h("input", { type: "text", id: unique("words"), maxlength: "2000", autocomplete: "off", spellcheck: "false" });
  const notice = h("p", { class: "notice", role: "status" });
  sentenceInput.addEventListener("input", () => {
    const { words, notice: note } = toWords(sentenceInput.value);
    notice.textContent = note;
    if (!words.length) return;
    hiddenRow = -1;
    change({ text: words.join(" "), edits: [], blocked: [], row: Math.min(state.row, words.length - 1), key: 0, n_keys: words.length });
  });

  const queries = h("ul", { class: "chips queries" });
  const keys = h("ul", { class: "chips" });
  const sentence = h("p", { class: "sentence" });
  const spoken = h("p", { class: "hidden", "aria-live": "polite" });
  const speak = throttle(() => (spoken.textContent = sentence.textContent), 400);
  const heatPlace = h("div");

  const scaled = h("input", { type: "checkbox" });
  scaled.addEventListener("change", () => change({ scaled: scaled.checked }));
  const mask = h("select", {}, ...["none", "causal", "padding", "window"].map((name) => h("option", { value: name }, name)));
  mask.addEventListener("change", () => change({ mask: mask.value as State["mask"] }));
  const maskCode = h("code");
  const hides = h("input", { type: "checkbox" });
  const clear = h("button", { type: "button" }, "Show all cells");
  clear.addEventListener("click", () => change({ blocked: [] }));

  const MASKS: Record<State["mask"], string> = {
    none: "may_attend = None",
    causal: "may_attend = causal_mask(T, S)",
    padding: "may_attend = padding_mask(lengths, S)",
    window: "may_attend = window_mask(T, window)",
  };
  const controls = h(
    "div", { class: "controls" },
    slider("Temperature", "temperature", () => "scores = scores / temperature", () => [0.05, 5, 0.05]),
    h("label", { class: "control" }, scaled, " divide by √d_k ", h("code", {}, "scores = q @ k.transpose(-2, -1) / d_k**0.5")),
    slider("d_k under the root", "d_k", () => `d_k = ${state.d_k}`, () => [1, 256, 1]),
    h("label", { class: "control" }, h("span", { class: "name" }, "Mask ", mask), maskCode),
    slider("Keys that are not padding", "n_keys", () => `lengths = torch.tensor([${state.n_keys}])`, () => [0, given.keyTokens.length, 1]),
    slider("Window", "window", () => "may_attend = (t - s).abs() < window", () => [1, Math.max(given.tokens.length, given.keyTokens.length), 1]),
    slider("Head", "head", () => "q[head], k[head], v[head]", () => [0, source.kind === "tensors" ? source.heads.length - 1 : 0, 1]),
    h("label", { class: "control" }, hides, " a click on a cell hides it ", h("code", {}, "may_attend[t, s] = False")),
    clear,
  );

  // --- predict, then reveal ------------------------------------------------------------------------------------
  const predict = h("button", { type: "button", "aria-pressed": "false" }, "Predict, then reveal");
  const score = h("span", { role: "status" });
  predict.addEventListener("click", () => {
    if (hiddenRow >= 0) hiddenRow = -1;
    else {
      if (rounds) change({ row: (state.row + 1) % given.tokens.length });
      hiddenRow = state.row;
    }
    score.textContent = "";
    refresh();
  });
  function guess(key: number): void {
    const row = rowOf(result.weights, state.row);
    const best = Math.max(...row);
    const earned = best > 0 ? Math.round((100 * row[key]!) / best) : 0;
    points += earned;
    rounds += 1;
    hiddenRow = -1;
    change({ key });
    score.textContent = `You chose ${quote(given.keyTokens[key]!)}: ${earned} of 100 points; ${points} in ${rounds} ${rounds === 1 ? "try" : "tries"}.`;
    predict.textContent = "Predict the next word";
    refresh();
  }

  // --- the vectors behind one cell -------------------------------------------------------------------------------
  const vectors = h("div", { class: "scroll" });
  const entryInput = h("input", { type: "range", min: "-8", max: "8", step: "0.1" });
  const entryName = h("span");
  const entryValue = h("span", { class: "value" });
  let entry: ["q" | "k" | "v", number] = ["q", 0];
  const rowOfEntry = (name: "q" | "k" | "v"): number => (name === "q" ? state.row : state.key);
  function setEntry(value: number): void {
    const [name, col] = entry;
    const at: Entry = [name, state.head, rowOfEntry(name), col, value];
    const others = state.edits.filter((edit) => edit.slice(0, 4).join() !== at.slice(0, 4).join());
    change({ edits: [...others, at] });
  }
  entryInput.addEventListener("input", () => setEntry(Number(entryInput.value)));
  const restore = h("button", { type: "button" }, "Restore all entries");
  restore.addEventListener("click", () => change({ edits: [] }));
  const entryCells = new Map<string, HTMLButtonElement>();

  function entryCell(name: "q" | "k" | "v", col: number): HTMLButtonElement {
    const button = h("button", { type: "button", class: "entry" });
    let from: { x: number; value: number } | undefined;
    const choose = (): void => {
      entry = [name, col];
      refresh();
    };
    button.addEventListener("click", choose);
    button.addEventListener("pointerdown", (event) => {
      choose();
      const m = given[name];
      from = { x: event.clientX, value: m.data[rowOfEntry(name) * m.cols + col]! };
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (from && Math.abs(event.clientX - from.x) > 2) setEntry(Math.max(-8, Math.min(8, Math.round(from.value * 10 + (event.clientX - from.x) / 2) / 10)));
    });
    for (const end of ["pointerup", "pointercancel"]) button.addEventListener(end, () => (from = undefined));
    entryCells.set(`${name}${col}`, button);
    return button;
  }
  function buildVectors(): void {
    entryCells.clear();
    const line = (name: "q" | "k" | "v"): HTMLElement =>
      h("tr", {}, h("th", { scope: "row" }), ...Array.from({ length: given[name].cols }, (_, col) => h("td", {}, entryCell(name, col))));
    vectors.replaceChildren(h("table", {}, h("tbody", {}, line("q"), line("k"), line("v"))));
  }
  function refreshVectors(): void {
    const headings = vectors.querySelectorAll("th");
    (["q", "k", "v"] as const).forEach((name, i) => {
      const [m, row] = [given[name], rowOfEntry(name)];
      const word = (name === "q" ? given.tokens : given.keyTokens)[row]!;
      headings[i]!.textContent = `${name} of ${quote(word)}`;
      for (let col = 0; col < m.cols; col++) {
        const button = entryCells.get(`${name}${col}`)!;
        button.textContent = number(m.data[row * m.cols + col]!, 1);
        button.setAttribute("aria-label", `${name} of ${word}, coordinate ${col}: ${button.textContent}`);
        button.setAttribute("aria-pressed", String(entry[0] === name && entry[1] === col));
      }
    });
    const [name, col] = entry;
    const at = `${name}[${rowOfEntry(name)}, ${col}]`;
    const value = given[name].data[rowOfEntry(name) * given[name].cols + col]!;
    entryName.textContent = at;
    entryInput.setAttribute("aria-label", `Entry ${at}`);
    entryInput.value = String(value);
    entryValue.textContent = number(value, 1);
  }

  // --- tables ------------------------------------------------------------------------------------------------------
  const steps = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Every step for the chosen word" });
  const outputLine = h("p");
  const twin = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "All weights as a table" });
  const code = h("pre", { tabindex: "0", role: "group", "aria-label": "This state as Python" });
  const copy = h("button", { type: "button" }, "Copy as code");
  copy.addEventListener("click", async () => {
    codePart.open = true;
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      copy.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(code); // no clipboard here: leave the text selected for the reader's own keys
      copy.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => (copy.textContent = "Copy as code"), 2000);
  });
  function table(heads: string[], rows: string[][]): HTMLElement {
    const head = h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text))));
    const body = rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first!), ...rest.map((text) => h("td", {}, text))));
    return h("table", {}, head, h("tbody", {}, ...body));
  }
  function part(title: string, ...children: Node[]): HTMLDetailsElement {
    const details = h("details", {}, h("summary", {}, title), ...children);
    details.addEventListener("toggle", () => refreshParts());
    return details;
  }
  const stepsPart = part("Every step: scores, scaled scores, weights, output", steps, outputLine);
  const vectorsPart = part(
    "The vectors: change an entry of Q, K or V",
    h("p", {}, "Choose a number, then move the slider, or drag the number sideways. ", h("code", {}, "q[t, i] = value")),
    vectors, h("label", { class: "control" }, h("span", { class: "name" }, entryName, entryValue), entryInput), restore,
  );
  const twinPart = part("All weights as a table", twin);
  const codePart = part("This state as Python", code);

  function refreshParts(): void {
    const { row } = state;
    const S = given.keyTokens.length;
    if (vectorsPart.open) refreshVectors();
    if (stepsPart.open) {
      const rows = given.keyTokens.map((word, s) => {
        const i = row * S + s;
        const [raw, divided] = [result.scores[i]!, result.scaled[i]!].map((x) => number(x));
        return [word, raw!, divided!, hiddenRow === row ? "?" : may[i] ? number(result.weights[i]!) : "hidden"];
      });
      steps.replaceChildren(table(["key", "score q·k", "scaled", "weight"], rows));
      const width = given.v.cols;
      const out = [...result.outputs.slice(row * width, (row + 1) * width)].map((x) => number(x));
      const bits = entropy(rowOf(result.weights, row));
      outputLine.textContent = hiddenRow === row ? "" : `Output: (${out.join(", ")}). Entropy of the weights: ${number(bits)} bits of at most ${number(Math.log2(S))}.`;
    }
    if (twinPart.open) {
      twin.replaceChildren(table(["query \\ key", ...given.keyTokens], given.tokens.map((word, t) => [word, ...[...rowOf(result.weights, t)].map((w) => (t === hiddenRow ? "?" : number(w)))])));
    }
    setText(code, asCode(source, state)); // even while its part is closed: "Copy as code" reads it
  }

  // --- drawing anew --------------------------------------------------------------------------------------------------
  const rowOf = (weights: Float64Array, row: number): Float64Array => weights.subarray(row * given.keyTokens.length, (row + 1) * given.keyTokens.length);

  function chips(list: HTMLElement, words: string[], choose: (i: number) => void): void {
    list.classList.toggle("many", words.length > 16);
    list.replaceChildren(...words.map((word, i) => {
      const button = h("button", { type: "button" }, word);
      button.addEventListener("click", () => choose(i));
      return h("li", {}, button);
    }));
  }

  function visit(row: number, key: number): void {
    if (hiddenRow >= 0) row = hiddenRow;
    change({ row, key });
  }
  function toggle(t: number, s: number): void {
    const others = state.blocked.filter(([a, b]) => a !== t || b !== s);
    change({ row: t, key: s, blocked: others.length < state.blocked.length ? others : [...others, [t, s]] });
  }

  function build(): void {
    chips(queries, given.tokens, (row) => visit(row, state.key));
    chips(keys, given.keyTokens, (key) => (hiddenRow >= 0 ? guess(key) : visit(state.row, key)));
    heat = heatMap(given.tokens, given.keyTokens);
    heatPlace.replaceChildren(heat.element);
    heat.grid.addEventListener("click", (event) => {
      const [t, s] = heat!.cellAt(event);
      if (hiddenRow >= 0) return void (s >= 0 && guess(s));
      if (t >= 0 && s >= 0 && hides.checked) toggle(t, s);
      else visit(t >= 0 ? t : state.row, s >= 0 ? s : state.key);
    });
    heat.grid.addEventListener("keydown", (event) => {
      const moves: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const [T, S] = [given.tokens.length, given.keyTokens.length];
      const move = moves[event.key];
      if (move) visit(Math.max(0, Math.min(T - 1, state.row + move[0])), Math.max(0, Math.min(S - 1, state.key + move[1])));
      else if (event.key === "Home") visit(state.row, 0);
      else if (event.key === "End") visit(state.row, S - 1);
      else if (event.key === "Enter" || event.key === " ") hiddenRow >= 0 ? guess(state.key) : toggle(state.row, state.key);
      else return;
      event.preventDefault();
    });
    buildVectors();
  }

  function say(): string {
    const word = quote(given.tokens[state.row]!);
    if (hiddenRow === state.row) return `Where will ${word} look? Choose a word below, or a cell of its row.`;
    const row = rowOf(result.weights, state.row);
    const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
    if (!(row[order[0]!]! > 0)) return `${word} may look nowhere: all its weights are 0, and so is its output.`;
    const parts = order.slice(0, 2).filter((s) => row[s]! > 0).map((s) => `${number(row[s]!)} to ${quote(given.keyTokens[s]!)}`);
    return `${word} attends ${parts.join(", then ")} (entropy ${number(entropy(row))} bits).`;
  }

  function refresh(): void {
    for (const name of STATE) (state as any)[name] = model.get(name);
    given = inputs(source, state);
    const [T, S] = [given.tokens.length, given.keyTokens.length];
    state.row = Math.min(state.row, T - 1);
    state.key = Math.min(state.key, S - 1);
    const of = `${state.text}|${state.head}|${JSON.stringify(state.edits)}`;
    if (known?.of !== of) known = { of, scores: scores(given.q, given.k) };
    result = attend(given, state, known.scores);
    may = mayAttend(state, T, S, given.base);
    const shape = JSON.stringify([given.tokens, given.keyTokens]);
    if (shape !== shown) {
      shown = shape;
      build();
    }
    if (source.kind === "words" && toWords(sentenceInput.value).words.join(" ") !== given.tokens.join(" ")) sentenceInput.value = state.text;
    for (const refresher of refreshers) refresher();
    scaled.checked = state.scaled;
    mask.value = state.mask;
    setText(maskCode, MASKS[state.mask]);
    clear.hidden = !state.blocked.length;
    restore.hidden = !state.edits.length;
    setAttribute(predict, "aria-pressed", String(hiddenRow >= 0));
    const row = rowOf(result.weights, state.row);
    [...queries.children].forEach((li, t) => setAttribute(li.firstElementChild!, "aria-pressed", String(t === state.row)));
    [...keys.children].forEach((li, s) => {
      const chip = li.firstElementChild as HTMLElement;
      chip.style.setProperty("--w", number(hiddenRow === state.row ? 0 : row[s]!));
      setAttribute(chip, "aria-pressed", String(s === state.key));
    });
    heat!.draw(result.weights, may, state.row, state.key, hiddenRow);
    setText(sentence, say());
    const at = state.row * S + state.key;
    const weight = hiddenRow === state.row ? "not revealed" : may[at] ? number(result.weights[at]!) : "hidden by the mask";
    heat!.describe(`${given.tokens[state.row]} to ${given.keyTokens[state.key]}: ${weight}`, state.row, state.key);
    speak();
    refreshParts();
  }

  if (source.kind === "words") root.append(h("label", { for: sentenceInput.id }, `Your words (up to 16)`), sentenceInput, notice);
  root.append(
    h("div", {}, "Choose the word that looks:"), queries,
    h("div", {}, "The words it looks at:"), keys,
    sentence, spoken,
    h("div", { class: "buttons" }, predict, copy, score),
    h("div", { class: "parts" }, heatPlace, controls),
    stepsPart, vectorsPart, twinPart, codePart,
  );
  root.addEventListener("keydown", (event) => event.stopPropagation()); // no key typed here reaches the notebook
  const onTheme = new MutationObserver(() => refresh());
  onTheme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme"] });
  for (const name of STATE) model.on(`change:${name}`, later);
  let pending = false;
  function later(): void {
    // several settings may change together: draw once, when the last one is in
    if (pending) return;
    pending = true;
    queueMicrotask(() => {
      pending = false;
      refresh();
    });
  }
  refresh();
  el.replaceChildren(root);
  return () => {
    onTheme.disconnect();
    for (const name of STATE) model.off(`change:${name}`, later);
  };
}

export default { render };
