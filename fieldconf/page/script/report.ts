// Report: selecting values and places, filters, order. Nothing runs for each row before it is used.

import { data, type Field, type PageReport } from "./data";
import { detail, heatMap } from "./detail";

export interface Filter { search: string; outcome: string; kind: string; below: number | null; reviewFirst: boolean }

/** Parse the rows in a group of a large answer: until it is opened they are the text of <noscript>. */
function unfold(group: Element | null): void {
  const text = group?.querySelector(":scope > noscript");
  if (text) text.outerHTML = text.textContent!;
}

/** A report in the page. */
export class ReportView {
  selected = -1;
  private order: number[] = [];
  private homes: Node[] = [];

  constructor(readonly root: HTMLElement, readonly number: number) {
    root.addEventListener("click", (event) => this.clicked(event));
  }

  get data(): PageReport { return data().reports[this.number]!; }
  get pointers(): string[] { return (this.cache ??= Object.keys(this.data.report.fields)); }
  private cache?: string[];
  field(number: number): Field { return this.data.report.fields[this.pointers[number]!]!; }
  private there = (number: number) => document.getElementById(`r${this.number}f${number}`) as HTMLDetailsElement | null;
  /** The element of a field; of a large answer it may have to be unfolded first. */
  row(number: number): HTMLDetailsElement | null {
    for (let up = this.pointers[number]!; up && !this.there(number); )
      unfold(this.there(this.pointers.indexOf((up = up.slice(0, up.lastIndexOf("/"))))));
    return this.there(number);
  }
  private get rows(): HTMLElement { return this.root.querySelector<HTMLElement>(".rows")!; }
  /** Select a field: show what it is made of, and light its places in the source. */
  select(number: number, { focus = false, open = false } = {}): void {
    const row = this.row(number);
    if (!row) return;
    for (const old of this.root.querySelectorAll(".selected, .lit")) {
      old.classList.remove("selected", "lit");
      old.querySelector(":scope > summary")?.removeAttribute("aria-current");
    }
    this.selected = number;
    for (let up = row.parentElement; up && up !== this.root; up = up.parentElement)
      if (up instanceof HTMLDetailsElement) up.open = true;
    if (open) row.open = true;
    row.classList.add("selected");
    const summary = row.querySelector("summary")!;
    summary.setAttribute("aria-current", "true");
    this.fill(number, row);
    const places = this.places(number);
    for (const place of places) place.classList.add("lit");
    const best = document.getElementById(`r${this.number}s${number}`) ?? places[0];
    if (matchMedia("(min-width: 1000px)").matches) best?.scrollIntoView({ block: "nearest" });
    if (focus) { summary.focus({ preventScroll: true }); summary.scrollIntoView({ block: "nearest" }); }
  }

  /** Go to the next value that the filter shows (or, by -1, to the one before). */
  step(by: 1 | -1): void {
    const order = this.order.length ? this.order : this.judged();
    for (let at = order.indexOf(this.selected) + (this.selected < 0 && by < 0 ? order.length + 1 : 0) + by; order[at] !== undefined; at += by) {
      const row = this.row(order[at]!);
      if (row && !row.hidden) return this.select(order[at]!, { focus: true });
    }
  }

  /** Show only the rows that a filter lets through; returns how many of how many. */
  filter(wanted: Filter): [number, number] {
    const judged = this.judged();
    const passes = new Set(judged.filter((number) => this.passes(number, wanted)));
    this.arrange(wanted.reviewFirst);
    const everything = passes.size === judged.length, shown = new Set<Element>();
    if (!everything) for (const number of passes)
      for (let up: Element | null = this.row(number); up && up !== this.rows && !shown.has(up); up = up.parentElement)
        if (shown.add(up) && up.matches(".group") && passes.size < 300) (up as HTMLDetailsElement).open = true;
    this.pointers.forEach((_, number) => {
      const row = this.there(number);
      if (row) row.hidden = wanted.reviewFirst ? !passes.has(number) : !everything && !shown.has(row);
    });
    return [passes.size, judged.length];
  }

  private passes(number: number, { search, outcome, kind, below }: Filter): boolean {
    const field = this.field(number);
    if (outcome && outcome !== (outcome === "unknown" ? field.confidence ?? "unknown" : field.outcome)) return false;
    if (kind && field.kind !== kind) return false;
    if (below !== null && field.confidence !== null && field.confidence >= below) return false;
    const text = `${this.pointers[number]} ${field.value === undefined ? "" : JSON.stringify(field.value)}`;
    return text.toLowerCase().includes(search.toLowerCase());
  }

  /** Scalars and lists: all but the objects that are judged by what is in them. */
  private judged(): number[] {
    return this.pointers.map((_, number) => number).filter((number) => this.field(number).kind !== "object" || this.field(number).outcome);
  }

  /** Doubtful values first in one flat list; or all rows back where they were. */
  private arrange(reviewFirst: boolean): void {
    const { rows } = this, place = rows.parentNode!, after = rows.nextSibling;
    if (reviewFirst === rows.classList.contains("flat")) return;
    const all = this.pointers.map((_, number) => this.row(number));
    this.order = reviewFirst ? this.judged().sort((a, b) => this.doubt(a) - this.doubt(b)) : [];
    rows.remove(); // moving thousands of rows is fast where nothing is laid out
    rows.classList.toggle("flat", reviewFirst);
    if (reviewFirst) {
      this.homes = all.map((row) => row?.parentNode ?? rows);
      const doubtful = new Set(this.order.map((number) => all[number]!));
      rows.append(...doubtful, ...all.filter((row) => row && !doubtful.has(row)) as Node[]);
    } else all.forEach((row, number) => row && this.homes[number]!.appendChild(row));
    for (const row of all) {
      const summary = row?.firstElementChild as HTMLElement, key = summary?.firstElementChild as HTMLElement;
      if (!summary?.title) continue;
      key.dataset.key ??= key.textContent!;
      key.textContent = reviewFirst ? summary.title : key.dataset.key;
    }
    place.insertBefore(rows, after);
  }

  private doubt(number: number): number {
    const { outcome, confidence } = this.field(number);
    return 2 * ["reject", "review", "accept"].indexOf(outcome ?? "review") + (confidence ?? -0.5);
  }

  private fill(number: number, row: HTMLElement): void {
    const more = row.querySelector<HTMLElement>(":scope > .more, :scope > .about > .more");
    if (more && !more.querySelector(".detail")) more.append(detail(this.field(number), this.data.report.tokens));
  }

  private places(number: number): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>(`.source .place[data-fields~="${number}"]`)];
  }

  private clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const summary = target.closest("summary"), place = target.closest<HTMLElement>("a.place"), link = target.closest("a.to-source");
    if (place) {
      event.preventDefault();
      const numbers = place.dataset.fields!.split(" ").map(Number);
      this.select(numbers[(numbers.indexOf(this.selected) + 1) % numbers.length]!, { focus: true, open: true });
    } else if (link) {
      event.preventDefault();
      const goal = document.getElementById(link.getAttribute("href")!.slice(1));
      goal?.scrollIntoView({ block: "center" });
      goal?.focus({ preventScroll: true });
    } else if (summary) {
      const number = Number(summary.parentElement!.id.split("f")[1]);
      unfold(summary.parentElement);
      if (summary.parentElement!.id) this.select(number);
      else if (summary.parentElement!.matches(".whole")) this.fillWhole(summary.parentElement!);
    }
  }

  /** The tokens of the whole answer. */
  private fillWhole(row: HTMLElement): void {
    const tokens = this.data.report.tokens;
    if (row.querySelector(".tokens") || !tokens?.length) return;
    row.append(...heatMap(tokens.map((_, index) => index), tokens));
  }
}
