// Lists what somebody has to look at: fieldconf score result.json --json > report.json

import { readFileSync } from "node:fs";
import type { Report } from "./report.js";

const report: Report = JSON.parse(readFileSync("report.json", "utf8"));
for (const [pointer, field] of Object.entries(report.fields)) {
  if (field.outcome === "review" || field.outcome === "reject") {
    const reasons = field.reasons.map((reason) => reason.sentence);
    console.log(pointer, field.value, field.confidence?.toFixed(2), reasons.join("; "));
  }
}
