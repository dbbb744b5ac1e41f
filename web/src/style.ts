// The laboratory's looks: the book's palette where there is one, else the notebook's, else its own.

export const css = `
.attention-lab {
  --ink: var(--llm-ink, var(--jp-ui-font-color1, var(--colab-primary-text-color, #1d2530)));
  --paper: var(--llm-paper, var(--jp-layout-color0, var(--colab-primary-surface-color, #ffffff)));
  --soft: var(--llm-muted, var(--jp-ui-font-color2, var(--colab-primary-text-color, #5a6472)));
  --line: var(--llm-grid, var(--jp-border-color1, #9aa3ad));
  --heat: var(--llm-c1, var(--jp-brand-color1, #0072b2));
  --mark: var(--llm-c2, var(--jp-warn-color1, #d55e00));
  color: var(--ink); background: var(--paper); font: 0.95rem/1.45 system-ui, sans-serif;
  border: 1px solid var(--line); border-radius: 10px; padding: 0.9rem; margin: 1rem 0; max-width: 46rem; box-sizing: border-box;
}
.attention-lab *, .attention-lab *::before { box-sizing: border-box; }
.attention-lab [hidden] { display: none !important; }
.attention-lab :focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.attention-lab input[type=text], .attention-lab select, .attention-lab button {
  font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 6px;
  padding: 0.25rem 0.6rem; min-height: 2.1rem;
}
.attention-lab button { cursor: pointer; }
.attention-lab button[aria-pressed=true] { border-color: var(--heat); box-shadow: inset 0 0 0 1px var(--heat); }
.attention-lab input[type=text] { width: 100%; }
.attention-lab input[type=range] { width: 100%; accent-color: var(--heat); margin: 0.2rem 0; }
.attention-lab input[type=checkbox] { accent-color: var(--heat); width: 1.1rem; height: 1.1rem; vertical-align: -0.2rem; }
.attention-lab .notice { color: var(--ink); font-size: 0.85rem; min-height: 1.3em; margin: 0.15rem 0 0; }
.attention-lab .chips { display: flex; flex-wrap: wrap; gap: 0.3rem; margin: 0.4rem 0; padding: 0; list-style: none; }
.attention-lab .chips button { position: relative; z-index: 0; overflow: hidden; max-width: 12rem; text-overflow: ellipsis;
  white-space: nowrap; padding-bottom: 0.5rem; unicode-bidi: isolate; }
.attention-lab .chips button::before { content: ""; position: absolute; left: 0; bottom: 0; height: 0.32rem; width: 100%;
  background: var(--heat); transform-origin: left; transform: scaleX(var(--w, 0)); }
.attention-lab .chips.queries button::before { display: none; }
.attention-lab .chips.many { max-height: 6.6rem; overflow-y: auto; }
.attention-lab .control code { display: block; }
.attention-lab .sentence { font-size: 1.08rem; margin: 0.5rem 0; min-height: 1.6em; }
.attention-lab .parts { display: grid; grid-template-columns: minmax(0, 1.25fr) minmax(13rem, 1fr); gap: 1rem; }
@media (max-width: 640px) { .attention-lab .parts { grid-template-columns: minmax(0, 1fr); } }
.attention-lab .heat { position: relative; contain: layout paint; }
.attention-lab .heat svg, .attention-lab .heat canvas { display: block; width: 100%; height: auto; }
.attention-lab .heat svg { fill: var(--ink); font: 12px system-ui, sans-serif; }
.attention-lab .heat .digits { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.attention-lab .heat .cells { fill: var(--heat); stroke: none; }
.attention-lab .heat rect.frame { fill: none; stroke: var(--line); }
.attention-lab .heat rect.active { fill: none; stroke: var(--mark); stroke-width: 2; }
.attention-lab .heat rect.row { fill: none; stroke: var(--soft); stroke-width: 1; }
.attention-lab .heat .crosses { stroke: var(--soft); stroke-width: 1; }
.attention-lab .heat [role=grid] { position: absolute; inset: 0; cursor: pointer; touch-action: manipulation; }
.attention-lab .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.attention-lab .control { display: block; margin-bottom: 0.55rem; }
.attention-lab .control .name { display: flex; justify-content: space-between; gap: 0.5rem; }
.attention-lab .control .value { font-variant-numeric: tabular-nums; }
.attention-lab code { font: 0.78rem/1.4 ui-monospace, monospace; color: var(--ink); background: none; border: 0; padding: 0; overflow-wrap: anywhere; }
.attention-lab .buttons { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0.5rem 0; }
.attention-lab details { border-top: 1px solid var(--line); padding: 0.4rem 0; }
.attention-lab summary { cursor: pointer; font-weight: 600; }
.attention-lab .scroll { overflow-x: auto; max-height: 24rem; }
.attention-lab table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; margin: 0.4rem 0; }
.attention-lab th, .attention-lab td { padding: 0.15rem 0.5rem; text-align: right; border-bottom: 1px solid var(--line); color: var(--ink); background: none; }
.attention-lab th { font-weight: 600; unicode-bidi: isolate; }
.attention-lab .entry { touch-action: pan-y; cursor: ew-resize; padding: 0.1rem 0.4rem; font-variant-numeric: tabular-nums; }
.attention-lab pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem;
  color: var(--ink); background: none; margin: 0.4rem 0; }
`;
