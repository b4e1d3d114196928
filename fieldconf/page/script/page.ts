// Page: the start: toolbar, keys, help, theme. Each key has a button with words.

import { button, element, exactJson } from "./data";
import { startMany } from "./many";
import { ReportView } from "./report";
import { startReview } from "./review";

const views = new Map<HTMLElement, ReportView>();
let current: ReportView | null = null;

/** Let the keys act on a report; it gets its toolbar when it is first shown. */
function use(root: HTMLElement | null): void {
  current = root && (views.get(root) ?? new ReportView(root, Number(root.dataset.report)));
  if (!root || !current || views.has(root)) return;
  views.set(root, current);
  root.querySelector(".columns")!.before(toolbar(current));
}

/** The buttons that are visible: each can be pressed by its key. */
const keyed = () => [...document.querySelectorAll<HTMLButtonElement>("button[aria-keyshortcuts]")].filter((each) => each.offsetParent);

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && target.matches("input")) target.blur();
  if (target.closest("input:not([type=checkbox]), select, textarea")) return;
  const search = [...document.querySelectorAll<HTMLInputElement>("input[type=search]")].find((each) => each.offsetParent);
  const pressed = keyed().find((each) => each.ariaKeyShortcuts === event.key);
  if (!pressed && event.key !== "/") return;
  event.preventDefault();
  pressed ? pressed.click() : search?.focus();
});

const say = (text: string) => { current!.root.querySelector<HTMLOutputElement>(".status")!.value = text; };

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
    say(`Copied ${what}`);
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
  const keys = keyed().map((each) => [each.ariaKeyShortcuts!, each.firstChild!.textContent!]);
  const rows = [...keys, ["/", "Search"], ["Enter", "Open or close the selected value"]].map(([key, words]) =>
    element("div", {}, element("dt", {}, element("kbd", {}, key!)), element("dd", {}, words!)));
  show("Keys", element("dl", { class: "keys" }, ...rows));
}

function show(title: string, content: Node): void {
  const dialog = element("dialog", { "aria-label": title }, element("h2", {}, title), content, button("Close", "", () => dialog.close()));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

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
    say(`${shown} of ${all} values`);
  };
  const filters = [labelled("Search", search), labelled("Outcome", outcome), labelled("Kind", kind),
    labelled("Confidence below", below), labelled("Needs review first", first)];
  const buttons = element("span", { class: "buttons" }, button("Previous", "k", () => view.step(-1)), button("Next", "j", () => view.step(1)),
    button("Copy as JSON", "c", () => void copy()), button("Light or dark", "d", theme), button("Help", "?", help));
  const bar = element("div", { class: "toolbar", role: "group", "aria-label": "Filters and actions" },
    ...(view.root.querySelector(".rows") ? filters : []), buttons, element("output", { class: "status" }));
  bar.addEventListener("input", apply);
  return bar;
}

const [overview, review] = ["overview", "review"].map((id) => document.getElementById(id));
const open = overview ? startMany(use) : () => false;
review ? startReview(review, open) : overview ?? use(document.querySelector<HTMLElement>(".report"));
