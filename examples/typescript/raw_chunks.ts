// Keeps the chunks of a stream as the server sent them, whatever the provider (AI SDK 5 to 7).

import { writeFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { streamText } from "ai";

const openai = createOpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY });
const result = streamText({
  model: openai("gpt-4o"),
  prompt: "Fill in the ticket as JSON: I was charged twice ...",
  providerOptions: { openai: { logprobs: 5 } },
  includeRawChunks: true, // version 7 prefers include: { rawChunks: true }
});
const chunks: unknown[] = [];
for await (const part of result.fullStream) {
  if (part.type === "raw") chunks.push(part.rawValue);
}
writeFileSync("result.json", JSON.stringify(chunks));
