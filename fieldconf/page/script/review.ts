// Review: asks for labels. A page that `fieldconf label --browser` serves sends them to it; else the browser keeps them, and they are
// downloaded as the file that `fieldconf label` would write. The contract of the data: ../../viewing/review_data.py.

import { button, data, element, figure } from "./data";
import type { Open } from "./many";
interface Item {
  document: string; field: string; answer: string; text: boolean; verdict_only: boolean; list: boolean; drawn: string; reason: string; why: string;
  confidence: number | null; low: number | null; high: number | null; others: [string, number | null][]; excerpt: [string, string, string] | null;
}
type Progress = Record<"labels" | "right" | "skipped" | "audited" | "audited_right" | "risk", number> & Record<"low" | "high" | "needed", number | null>;
interface State { item: Item | null; done: number; left: number; message: string; progress: Progress }
interface Review { head: string; risk: number; items: Item[]; enough: number[] | null; bounds: [number, number][][] | null }
/** `right` is null for a skipped value; `value` is the JSON text of the right one, if that was judged. */
interface Label { right: boolean | null; value?: string }
interface Keeper { state(): Promise<State>; label(item: Item, label: Label): Promise<State>; undo(): Promise<State>; end: [string, () => void] }
const UNKEPT = "This browser keeps nothing for this page: download the labels before you close it.";

/** Keeps labels in the browser. Label i is of value i: the order of the values is fixed. */
function browserKeeper(review: Review): Keeper {
  const key = `fieldconf labels ${review.head}`, { items } = review;
  let labels: Label[] = [], message = "";
  try { labels = (JSON.parse(localStorage.getItem(key) ?? "[]") as Label[]).slice(0, items.length); } catch { message = UNKEPT; }
  const state = async (): Promise<State> => {
    const judged = labels.filter(({ right }) => right !== null), audit = labels.filter(({ right }, at) => right !== null && items[at]!.drawn === "audit");
    const right = audit.filter((each) => each.right).length, wrong = audit.length - right, enough = review.enough?.[wrong];
    const bounds = review.bounds?.[wrong]?.[audit.length] ?? [null, null], share = (part: number | null) => part === null ? null : part / 1000;
    return { item: items[labels.length] ?? null, done: labels.length, left: items.length - labels.length, message, progress: {
      labels: judged.length, right: judged.filter((each) => each.right).length, skipped: labels.length - judged.length, audited: audit.length, audited_right: right,
      low: share(bounds[0]), high: share(bounds[1]), risk: review.risk, needed: enough === undefined ? null : Math.max(0, enough - audit.length) } };
  };
  const keep = (words: string): Promise<State> => {
    message = words;
    try { localStorage.setItem(key, JSON.stringify(labels)); } catch { message = UNKEPT; }
    return state();
  };
  /** A line as `fieldconf label` writes it; values stay the JSON texts that they are: a number would be rounded. */
  const line = ({ right, value }: Label, at: number): string => {
    const item = items[at]!, truth = value ?? (right && !item.verdict_only ? item.answer : null), text = JSON.stringify;
    return `{"document": ${text(item.document)}, "field": ${text(item.field)}, "right": ${right}, ${truth === null ? "" : `"right value": ${truth}, `}`
      + `"answer": ${item.answer}, "drawn": ${text(item.drawn)}, "confidence": ${item.confidence}}`;
  };
  const file = (): string => URL.createObjectURL(new Blob([[review.head, ...labels.map(line), ""].join("\n")]));
  return {
    state, end: ["Download labels", () => element("a", { href: file(), download: "labels.jsonl" }).click()],
    label: (item, { right, value }) => {
      const isSame = value !== undefined && JSON.stringify(JSON.parse(value)) === JSON.stringify(JSON.parse(item.answer));
      labels.push(isSame ? { right: true } : value === undefined ? { right } : { right: false, value });
      return keep(`Saved: ${item.document} ${item.field || "answer"} is ${isSame || right ? "right" : right === null ? "skipped" : "wrong"}.`);
    },
    undo: () => keep(labels.pop() ? "The last label is withdrawn." : "There is nothing to undo."),
  };
}
/** Asks the server that the page came from, which keeps the labels in its file. */
function serverKeeper(): Keeper {
  const ask = async (body: object): Promise<State> => {
    const answer = await fetch("label", { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }).catch(() => null);
    if (!answer?.ok) throw new Error(await answer?.text() || "The program does not answer: start the same command again. All labels are kept.");
    return answer.json() as Promise<State>;
  };
  const finish = (): void => void ask({ finish: true }).then(() => document.body.replaceChildren(element("main", {}, element("h1", {}, "Finished: all labels are in the file"))));
  return { state: () => ask({}), label: ({ document, field }, label) => ask({ document, field, ...label }), undo: () => ask({ undo: true }), end: ["Finish", finish] };
}
/** The JSON text that a typed text stands for; null if it is none. Beside a text it is a text, unless it is a list, an object, null or quoted. */
function typedJson(text: string, { answer, text: isText }: Item): string | null {
  try {
    const kind = typeof JSON.parse(text);
    return isText && answer !== "null" && ["number", "boolean"].includes(kind) ? JSON.stringify(text) : text;
  } catch { return isText && text ? JSON.stringify(text) : null; }
}
function progressLines({ labels, right, skipped, audited, audited_right, low, high, risk, needed }: Progress): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`, bounds = low === null || high === null ? "" : `, ${percent(low)} to ${percent(high)} with 95 % confidence`;
  return [
    `${labels} ${labels === 1 ? "label" : "labels"}: ${right} right, ${labels - right} wrong${skipped ? `, ${skipped} skipped` : ""}.`,
    ...(audited ? [`Of the accepted values that were drawn at random, ${audited_right} of ${audited} are right${bounds}.`] : []),
    ...(needed === null ? [] : [needed ? `To guarantee that at most ${percent(risk)} of the accepted values are wrong, ${needed} more of them must be checked and right.`
      : `These labels can guarantee that at most ${percent(risk)} of the accepted values are wrong.`]),
  ];
}
export function startReview(panel: HTMLElement, openReport: Open): void {
  const isServed = "served" in panel.dataset;
  let keeper: Keeper;
  const head = element("div", { class: "review-head" }), status = element("output", { class: "note" }), body = element("div", { class: "review-body" });
  const start = button("Review values", "r", () => open()), close = (): void => { panel.hidden = true; start.hidden = false; };
  const act = (next: Promise<State>): void => void next.then(show, (error: Error) => { status.value = error.message; });
  const say = (item: Item, right: boolean | null, value?: string): void => act(keeper.label(item, value === undefined ? { right } : { right, value }));
  const open = (): void => {
    keeper ??= isServed ? serverKeeper() : browserKeeper((data() as unknown as { review: Review }).review);
    panel.hidden = !(start.hidden = true);
    act(keeper.state());
  };
  const show = (state: State): void => {
    status.value = state.message;
    head.replaceChildren(element("h2", { id: "review-title" }, `Review: ${state.done} done, ${state.left} left`), button("Undo", "u", () => act(keeper.undo())),
      button(keeper.end[0], "", keeper.end[1]), ...(isServed ? [] : [button("Close", "Escape", close)]));
    body.replaceChildren(...(state.item ? question(state.item) : [element("p", {}, "All values are labelled.")]),
      element("div", { class: "progress" }, ...progressLines(state.progress).map((line) => element("p", {}, line))));
    if (state.item && location.hash.length > 1) openReport(state.item.document, state.item.field);
  };
  const question = (item: Item): HTMLElement[] => {
    const { document, field, answer, drawn, reason, why, confidence, low, high, others, list } = item, [before, match, after] = item.excerpt ?? ["", "", ""];
    const typed = element("input", { type: "text", "aria-label": "The right value", autocomplete: "off" });
    const form = element("form", { class: "typed", hidden: "" }, typed, element("button", {}, "Save"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = typedJson(typed.value.trim(), item);
      value === null ? (status.value = 'Type a JSON value: true, 12, "text", null, [1, 2].') : say(item, false, value);
    });
    const bounds = low !== null && high !== null && high - low > 0.002 ? ` (between ${figure(low)} and ${figure(high)})` : "";
    const cause = drawn === "audit" ? "audit: drawn at random from the accepted values" : `doubtful: ${reason || "the policy does not accept it"}`;
    return [
      element("p", { class: "meta" }, element("bdi", {}, document), button("Open the report", "o", () => void openReport(document, field))),
      ...(item.excerpt ? [element("blockquote", { class: "text", tabindex: "0" }, before, ...(match ? [element("mark", {}, match)] : []), after)] : []),
      element("p", { class: "question" }, element("bdi", {}, field || "answer"), " = ", element("bdi", { class: "value" }, answer)),
      element("div", { class: "note" }, ...[`confidence ${figure(confidence)}${bounds}`, cause, why].map((line) => element("p", {}, line))),
      ...(list ? [element("p", {}, "Is no item missing, and none too many?")] : []),
      element("div", { class: "buttons" }, button("Right", "1", () => say(item, true)), button("Wrong", "2", () => say(item, false)),
        button("Wrong, I type the right one", "3", () => { form.hidden = false; typed.focus(); }), button("Skip", "4", () => say(item, null))),
      ...(others.length ? [element("div", { class: "buttons" }, element("span", { class: "note" }, "or the right one is"),
        ...others.map(([json, share]) => button(share === null ? json : `${json} ${figure(share)}`, "", () => say(item, false, json))))] : []),
      form,
    ];
  };
  panel.append(head, status, body);
  (window.document.querySelector("#overview .head") ?? panel.parentElement!).append(start);
  if (isServed) open();
}
