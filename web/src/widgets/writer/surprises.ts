// How surprising each token of the text was to the model, and to counted n-grams: a bar under each, and a table.

import { button } from "../../controls/button";
import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { setAttribute, setHidden, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { megabytes } from "../../play/loading";
import type { Nats, Surprises } from "../../play/surprises";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";
import { Measuring } from "./measuring";
import { fillTokens, tokenList } from "./tokens";

const FULL_BAR = 8; // nats
const SHOWN = 300; // tokens
const CODE = 'F.cross_entropy(model(ids[:, :-1])[0], ids[0, 1:], reduction="none")';

export function surprises(desk: Desk): HTMLElement {
  const said = h("p");
  const told = h("p", { class: "notice", role: "status" });
  const tokens = tokenList();
  const region = scrollRegion("Surprise of each token as a table");
  let drawn: Surprises | null = null;
  const show = (): void => {
    const found = desk.outlook && measuring.found; // of no text there is nothing to tell
    setText(told, measuring.note);
    setText(compare, nameOf(measuring, desk));
    setHidden(compare, measuring.counts === null || measuring.phase === "ready");
    compare.disabled = measuring.phase === "loading";
    setAttribute(tokens, "aria-busy", String(measuring.isBusy));
    if (found === drawn) return;
    drawn = found;
    setText(said, found ? describe(found) : "");
    const rows = rowsOf(found, desk.model.pieces).slice(-SHOWN);
    fillTokens(
      tokens,
      rows.map(({ shown, nats: [model, ...counted] }) => {
        const all = counted.length ? [model, counted[counted.length - 1]] : [model];
        return { shown, bars: all.map((value) => (value ?? 0) / FULL_BAR) };
      }),
    );
    region.replaceChildren(tableOf(rows));
  };
  const measuring = new Measuring(desk, desk.counts, show);
  const compare = button("", () => measuring.compare(), desk.signal);
  const fill = (): void => {
    measuring.update();
    show();
  };
  const title = "How surprising your text is, token by token";
  const children = [h("code", {}, CODE), said, compare, told, tokens, region];
  const part = details({ title, children, fill, signal: desk.signal });
  desk.onUpdate(part.update);
  return part.element;
}

interface Row {
  shown: string;
  /** Of the model, of bigrams and of trigrams. */
  nats: Nats[];
}

function rowsOf(found: Surprises | null, pieces: string[]): Row[] {
  const { ids = [], model = [], counted = [] } = found ?? {};
  return ids.map((id, t) => {
    return { shown: shownAs(pieces[id] ?? "")[0], nats: [model, ...counted].map((nats) => nats[t] ?? null) };
  });
}

function tableOf(rows: Row[]): HTMLTableElement {
  const isCompared = (rows[0]?.nats.length ?? 1) > 1;
  const headings = isCompared ? ["token", "model", "bigrams", "trigrams", "less surprised"] : ["token", "nats"];
  const texts = rows.map(({ shown, nats }) => {
    const numbers = nats.map((value) => (value === null ? "–" : fixed(value)));
    return [shown, ...numbers, ...(isCompared ? [lessSurprised(nats)] : [])];
  });
  return table(headings, texts);
}

/** The model or trigrams. */
function lessSurprised([model, , trigrams]: Nats[]): string {
  if (typeof model !== "number" || typeof trigrams !== "number") return "–";
  return model < trigrams ? "model" : "trigrams";
}

function describe({ model, counted, characters, compared }: Surprises): string {
  if (compared === 0) return "There are too few tokens to compare yet.";
  const first = model.length - compared;
  const sum = (nats: Nats[]): number => nats.slice(first).reduce<number>((total, value) => total + (value ?? 0), 0);
  const each = [model, ...counted].map((nats) => fixed(sum(nats) / characters));
  const cut =
    model.length > SHOWN ? ` Shown are the last ${SHOWN} of ${model.length} tokens; the means are of all.` : "";
  const [, trigrams] = counted;
  if (!trigrams) {
    return `On average ${fixed(sum(model) / compared)} nats a token, ${each[0]} a character; of the first token the model has nothing to go by. A full bar is ${FULL_BAR} nats or more.${cut}`;
  }
  const ahead = model.filter((nats, t) => t >= first && (nats ?? 0) < (trigrams[t] ?? 0)).length;
  return `In nats a character: the model ${each[0]}, trigrams ${each[2]}, bigrams ${each[1]}; without the first two tokens, of which trigrams say nothing. The model is surprised less than trigrams at ${ahead} of ${compared} tokens. The left bar is the model’s surprise, the right one that of trigrams; a full bar is ${FULL_BAR} nats or more.${cut}`;
}

function nameOf({ counts, phase }: Measuring, { model }: Desk): string {
  const size = counts ? megabytes(counts.bytes, model.inNotebook) : "";
  return phase === "failed" ? "Try again" : `Compare with counted n-grams: ${size} MB`;
}
