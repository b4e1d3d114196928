// Detail: what one field is made of: its distribution, its tokens as a heat map, their candidates.

import { bar, element, type Field, figure, printable, probability, type Token } from "./data";

const MOST_TOKENS = 300; // of a long text: those around the decisive one
const MOST_BARS = 12;
const BANDS = [0.99, 0.9, 0.7, 0.5]; // below each a token is marked more strongly

/** The element that shows how a field came about; empty where nothing is known. */
export function detail(field: Field, tokens: Token[]): HTMLElement {
  const box = element("div", { class: "detail" });
  if (field.distribution) {
    const { candidates, rest } = field.distribution;
    const rows: Bar[] = candidates.slice(0, MOST_BARS).map((each) => [JSON.stringify(each.value), each.probability, each.low, each.high]);
    if (rest) rows.push(["all other values", rest]);
    box.append(heading("Values"), bars(rows, JSON.stringify(field.value)));
    if (candidates.length > MOST_BARS) box.append(element("p", {}, `and ${candidates.length - MOST_BARS} more`));
  }
  if (tokens.length && field.indexes?.length) box.append(...heatMap(field.indexes, tokens, field.why?.token));
  return box;
}

/** Tokens as buttons, and below them the candidates of the one that is pressed. */
export function heatMap(indexes: number[], tokens: Token[], decisive?: number): HTMLElement[] {
  const at = Math.max(indexes.indexOf(decisive ?? -1), 0);
  const first = indexes.length > MOST_TOKENS ? Math.max(at - MOST_TOKENS / 2, 0) : 0;
  const shown = indexes.slice(first, first + MOST_TOKENS);
  const strip = element("div", { class: "tokens" });
  const below = element("div", { class: "candidates", "aria-live": "polite" });
  const buttons = shown.map((index) => {
    const [text, logprob] = tokens[index]!, p = probability(logprob), band = p === null ? 0 : BANDS.filter((limit) => p < limit).length;
    const words = element("span", { class: "text" }, visible(text));
    const button = element("button", { type: "button", class: `token h${band}${index === decisive ? " decisive" : ""}`, "aria-pressed": "false" }, words);
    button.append(element("small", {}, figure(p)));
    button.addEventListener("click", () => press(index, button));
    return button;
  });
  const press = (index: number, button: HTMLElement) => {
    for (const each of buttons) each.setAttribute("aria-pressed", `${each === button}`);
    const [text, , candidates] = tokens[index]!;
    const rows: Bar[] = candidates.map(([each, logprob]) => [visible(each), probability(logprob) ?? 0]);
    const words = index === decisive ? "The decisive token" : "The token";
    const known = rows.length ? ": its candidates at this step" : ": the server listed no candidates";
    below.replaceChildren(element("p", {}, words, " ", element("code", {}, visible(text)), known));
    if (rows.length) below.append(bars(rows.sort((a, b) => b[1] - a[1]), visible(text)));
  };
  strip.append(...buttons);
  const parts = [heading("Tokens"), strip, below];
  if (shown.length < indexes.length)
    parts.splice(2, 0, element("p", {}, `tokens ${first + 1} to ${first + shown.length} of ${indexes.length}`));
  const start = Math.max(shown.indexOf(decisive ?? -1), 0);
  if (buttons[start]) press(shown[start]!, buttons[start]);
  return parts;
}

type Bar = [label: string, share: number, low?: number, high?: number];

function bars(rows: Bar[], chosen: string): HTMLElement {
  const list = element("ul", { class: "bars" });
  for (const [label, share, low = share, high = share] of rows) {
    const range = high - low > 0.0005 ? ` (${figure(low)} to ${figure(high)})` : "";
    const name = element("bdi", { class: "label" }, printable(label.length > 80 ? `${label.slice(0, 80)}…` : label));
    const row = element("li", label === chosen ? { class: "chosen" } : {}, name, bar(share, low, high));
    row.append(element("span", { class: "figure" }, figure(share) + range));
    list.append(row);
  }
  return list;
}

const heading = (words: string) => element("h3", {}, words);
const visible = (text: string) => printable(text.replace(/\n/g, "⏎").replace(/\t/g, "⇥").replace(/ /g, "␣")) || "(empty)";
