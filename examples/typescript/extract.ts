// Asks for an object, and writes what fieldconf reads: result.json and schema.json.

import { writeFileSync } from "node:fs";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { asSchema, generateObject } from "ai";
import { z } from "zod";
import { keepLogprobs } from "./keep_logprobs.js";
import { saved } from "./save.js";

const server = createOpenAICompatible({
  name: "server",
  baseURL: process.env.BASE_URL ?? "http://localhost:8000/v1",
  supportsStructuredOutputs: true,
  metadataExtractor: keepLogprobs,
});
const schema = z.object({
  urgent: z.boolean(),
  team: z.enum(["billing", "technical", "sales"]),
});
const result = await generateObject({
  model: server.chatModel("my-model"),
  schema,
  prompt: "Fill in the ticket: I was charged twice ...",
  providerOptions: { server: { logprobs: true, top_logprobs: 5 } },
});
writeFileSync("result.json", await saved(result));
writeFileSync("schema.json", JSON.stringify(await asSchema(schema).jsonSchema));
