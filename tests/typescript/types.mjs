// The JSON Schema of a report (standard input) as TypeScript types (standard output).

import { readFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const schema = JSON.parse(readFileSync(0, "utf8"));
for (const { properties } of [schema, ...Object.values(schema.$defs)]) {
  for (const key of Object.values(properties)) {
    if (!("type" in key || "anyOf" in key || "$ref" in key)) key.tsType = "unknown"; // any JSON value
  }
}
const bannerComment =
  "// The report that `fieldconf score result.json --json` prints: fieldconf.report_schema() as types.";
process.stdout.write(await compile(schema, "Report", { bannerComment }));
