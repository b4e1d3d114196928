// Data: the page's JSON document, and how its values are shown. The contract: ../document.py.

export type Candidate = [text: string, logprob: number | "-inf" | null];
export type Token = [...Candidate, candidates: Candidate[]];
export interface Member { value: unknown; probability: number; low: number; high: number }
export interface Field { // what is null or empty is left out
  kind: string; value?: unknown; confidence: number | null; outcome: string | null; indexes?: number[];
  why?: { token: number; sentence: string }; distribution?: { candidates: Member[]; rest: number | null };
}
export interface PageReport {
  name: string; schema: string; source: string | null;
  report: { fields: Record<string, Field>; tokens: Token[]; outcome: string; confidence: number | null };
}
export interface Data { version: number; title: string; reports: PageReport[] }

const text = () => document.getElementById("data")!.textContent!;
let parsed: Data | undefined;

/** The data; parsed when something first needs it, so that a large page can be used at once. */
export const data = (): Data => (parsed ??= JSON.parse(text()) as Data);

type Exact = (key: string, value: unknown, context?: { source?: string }) => unknown;

/** A part of the data as JSON text, with numbers as they were written (1.0, or 20 digits). */
export function exactJson(part: (whole: Data) => unknown): string {
  const raw = (JSON as unknown as { rawJSON?: (source: string) => unknown }).rawJSON;
  const keep: Exact = (_, value, context) =>
    typeof value === "number" && raw && context?.source ? raw(context.source) : value;
  return JSON.stringify(part(JSON.parse(text(), keep as (key: string, value: unknown) => unknown) as Data), null, 2);
}

/** Text with control characters and direction marks escaped. */
export const printable = (raw: string): string =>
  raw.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, "0")}`);

/** Three digits; "1.000" and "0.000" only for exactly 1 and 0; as in render/table.py. */
export const figure = (p: number | null): string =>
  p === null ? "unknown" : p >= 0.9995 && p < 1 ? ">0.999" : p > 0 && p < 0.0005 ? "<0.001" : p.toFixed(3);

export const probability = (logprob: Candidate[1]): number | null =>
  logprob === "-inf" ? 0 : logprob === null ? null : Math.exp(logprob);

/** An element; all texts become text nodes. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Record<string, string> = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function shape(tag: string, attributes: Record<string, string>): Element {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** A bar of a share (0..1), with its bounds if they are apart. */
export function bar(share: number, low = share, high = share): Element {
  const svg = shape("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(shape("path", { d: `M0 0h${100 * share}v8h-${100 * share}` }));
  const wide = 100 * (high - low);
  if (wide > 2) svg.append(shape("path", { class: "bounds", d: `M${100 * low} 3h${wide}v2h-${wide}` }));
  return svg;
}

/** A button with words; beside them the key that presses it while it is visible. */
export function button(words: string, key: string, run: () => void): HTMLButtonElement {
  const node = element("button", { type: "button" }, words);
  if (key) {
    node.setAttribute("aria-keyshortcuts", key);
    node.append(" ", element("kbd", { "aria-hidden": "true" }, key === "Escape" ? "Esc" : key));
  }
  node.addEventListener("click", run);
  return node;
}
