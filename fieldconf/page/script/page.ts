// Page: the start: toolbar, keys, help, theme. Each key has a button with words.

import { button, element, exactJson } from "./data";
import { startMany } from "./many";
import { ReportView } from "./report";
import { startReview } from "./review";

export interface Action { key: string; words: string; run: () => void }

const views = new Map<HTMLElement, ReportView>();
let current: ReportView | null = null;

/** Let the keys act on a report; it gets its toolbar when it is first shown. */
function use(root: HTMLElement | null): void {
  current = root && (views.get(root) ?? new ReportView(root, Number(root.dataset.report)));
  if (!root || !current || views.has(root)) return;
  views.set(root, current);
  root.querySelector(".columns")!.before(toolbar(current));
}

const actions: Action[] = [
  { key: "k", words: "Previous", run: () => current?.step(-1) },
  { key: "j", words: "Next", run: () => current?.step(1) },
  { key: "c", words: "Copy as JSON", run: () => void copy() },
  { key: "/", words: "Search", run: () => [...document.querySelectorAll<HTMLInputElement>("input[type=search]")].find((each) => each.offsetParent)?.focus() },
  { key: "d", words: "Light or dark", run: theme },
  { key: "?", words: "Help", run: help },
];

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && target.matches("input")) target.blur();
  if (target.closest("input:not([type=checkbox]), select, textarea")) return;
  const action = actions.find((each) => each.key === event.key);
  const shown = [...document.querySelectorAll<HTMLElement>("button[aria-keyshortcuts]")].find((each) => each.ariaKeyShortcuts === event.key && each.offsetParent);
  if (action || shown) { event.preventDefault(); action ? action.run() : shown!.click(); }
});

const status = element("output", { class: "status" });

/** Copy the selected field, or the whole report where none is selected. */
async function copy(): Promise<void> {
  if (!current) return;
  const { number, selected, pointers } = current;
  const text = exactJson(({ reports }) => {
    const { report } = reports[number]!;
    return selected < 0 ? report : { pointer: pointers[selected], ...report.fields[pointers[selected]!] };
  });
  const what = selected < 0 ? "the report" : pointers[selected] || "the whole answer";
  try {
    await navigator.clipboard.writeText(text);
    status.value = `Copied ${what}`;
  } catch { // no permission: show the text, ready to copy
    const area = element("textarea", { rows: "12", cols: "60", readonly: "", "aria-label": "JSON" });
    area.value = text;
    show(`Copy ${what}`, area);
    area.select();
  }
}

function theme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

function help(): void {
  const list = element("dl", { class: "keys" });
  for (const { key, words } of actions) list.append(element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, words)));
  list.append(element("div", {}, element("dt", {}, element("kbd", {}, "Enter")), element("dd", {}, "Open or close the selected value")));
  show("Keys", list);
}

function show(title: string, content: Node): void {
  const close = element("button", { type: "button" }, "Close");
  const dialog = element("dialog", { "aria-label": title }, element("h2", {}, title), content, close);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** A control of the toolbar with its label. */
const labelled = (words: string, control: HTMLElement) => element("label", {}, element("span", {}, words), control);

function toolbar(view: ReportView): HTMLElement {
  const choice = (names: string[]) => element("select", {}, ...names.map((name) => element("option", { value: name === "all" ? "" : name }, name)));
  const search = element("input", { type: "search", autocomplete: "off" });
  const outcome = choice(["all", "accept", "review", "reject", "unknown"]);
  const kind = choice(["all", "string", "number", "boolean", "null", "array"]);
  const below = element("input", { type: "number", min: "0", max: "1", step: "0.05" });
  const first = element("input", { type: "checkbox" });
  const apply = () => {
    const [shown, all] = view.filter({
      search: search.value, outcome: outcome.value, kind: kind.value,
      below: below.value === "" ? null : Number(below.value), reviewFirst: first.checked,
    });
    status.value = `${shown} of ${all} values`;
  };
  const bar = element("div", { class: "toolbar", role: "group", "aria-label": "Filters and actions" },
    labelled("Search", search), labelled("Outcome", outcome), labelled("Kind", kind), labelled("Confidence below", below),
    labelled("Needs review first", first), element("span", { class: "buttons" }, ...actions.filter(({ key }) => key !== "/").map(({ key, words, run }) => button(words, key, run))), status);
  bar.addEventListener("input", apply);
  return bar;
}

const review = document.getElementById("review");
const open = document.getElementById("overview") ? startMany(use) : () => false;
if (review) startReview(review, open);
else if (!document.getElementById("overview")) use(document.querySelector<HTMLElement>(".report"));
