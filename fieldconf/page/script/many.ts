// Many: the first page of many reports: its table, and one report at a time.

import { button, element } from "./data";
const OUTCOMES = ["failed", "reject", "review", "accept"];
/** Opens a report at a field; says whether it is here. */
export type Open = (name: string, field: string) => boolean;

/** Start the page; `use` is called with the report that is shown, or with null. */
export function startMany(use: (root: HTMLElement | null) => void): Open {
  const table = document.getElementById("table") as HTMLTableElement, body = table.tBodies[0]!, rows = [...body.rows];
  const links = new Map(rows.map((row) => [row.dataset.name!, row.querySelector("a")]));
  const search = element("input", { type: "search", placeholder: "Search", "aria-label": "Search documents and fields" });
  const outcome = element("select", { "aria-label": "Outcome" }, element("option", { value: "" }, "every outcome"),
    ...OUTCOMES.filter((each) => rows.some((row) => row.dataset.outcome === each)).map((each) => element("option", {}, each)));
  const count = element("output", { class: "note" });
  const filters = element("div", { class: "filters" }, search, outcome, count);
  filters.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    for (const row of rows)
      row.hidden = (outcome.value !== "" && row.dataset.outcome !== outcome.value) || !row.textContent!.toLowerCase().includes(words);
    count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  });
  table.parentElement!.before(filters);
  const overview = document.getElementById("overview")!, reports = document.getElementById("reports");
  if (!reports) return (name) => { const link = links.get(name); link?.click(); return Boolean(link); };
  const opened = [...reports.querySelectorAll<HTMLDetailsElement>(".opened")];
  const bar = element("nav", { class: "links", "aria-label": "Reports" });
  reports.before(bar);
  reports.classList.add("single");
  // With scripts, a browser takes what is in <noscript> for a text: a report costs nothing before it is opened.
  const filled = (each: HTMLElement): HTMLElement => {
    for (const inside of each.querySelectorAll("noscript")) inside.replaceWith(...new DOMParser().parseFromString(inside.textContent!, "text/html").body.children);
    return each;
  };
  let place = 0;
  const route = (): void => {
    const number = Number(/^#[rd](\d+)/.exec(location.hash)?.[1] ?? -1), current = opened[number];
    if (current && !overview.hidden) place = scrollY;
    overview.hidden = Boolean(current);
    reports.hidden = bar.hidden = !current;
    for (const each of opened) each.hidden = !(each.open = each === current);
    use(current ? filled(current).querySelector<HTMLElement>(".report") : null);
    if (!current) return scrollTo(0, place);
    const order = [...body.rows].filter((row) => !row.hidden).flatMap((row) => row.querySelector("a")?.hash ?? []), at = order.indexOf(`#d${number}`);
    const go = (words: string, key: string, hash: string | undefined) => hash === undefined ? [] : [button(words, key, () => { location.hash = hash; })];
    bar.replaceChildren(...go("All reports", "Escape", ""), ...go("Previous report", "[", order[at - 1]), ...go("Next report", "]", order[at + 1]),
      element("span", { class: "note" }, `${at + 1} of ${order.length}`));
    if (location.hash.startsWith("#d")) scrollTo(0, 0);
    else document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", route);
  if (rows.length === 1 && !location.hash) history.replaceState(null, "", "#d0");
  route();
  return (name, field) => {
    const link = links.get(name);
    if (!link) return false;
    const summaries = [...filled(opened[Number(link.hash.slice(2))]!).querySelectorAll("summary[title]")];
    location.hash = summaries.find((each) => each.getAttribute("title") === field)?.parentElement?.id ?? link.hash;
    return true;
  };
}
