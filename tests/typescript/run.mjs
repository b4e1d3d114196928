// Calls each function of each version of the AI SDK with each provider, and prints what is saved.
//
// In:    the base URL of a loopback server that speaks Chat Completions and Responses.
// Out:   for each call one line of JSON: its version, provider and function, and the saved text.
// Never: another server; a call that fails silently (its line has the error).

import { keepLogprobs } from "./v7/keep_logprobs.js";
import { saved } from "./v7/save.js";

const [baseURL, schemaText] = process.argv.slice(2);
globalThis.AI_SDK_LOG_WARNINGS = false;

async function* rawChunks(result) {
  for await (const part of result.fullStream) if (part.type === "raw") yield part.rawValue;
}

async function* calls(version) {
  const ai = await import(`ai-v${version}`);
  const { createOpenAI } = await import(`openai-v${version}`);
  const { createOpenAICompatible } = await import(`compatible-v${version}`);
  const settings = { name: "local", baseURL, apiKey: "none", supportsStructuredOutputs: true };
  const openai = createOpenAI(settings);
  const providers = {
    "compatible": createOpenAICompatible(settings)("any"),
    "compatible, keepLogprobs":
      createOpenAICompatible({ ...settings, metadataExtractor: keepLogprobs })("any"),
    "openai.chat": openai.chat("gpt-4o", { logprobs: 5 }), // version 4; later ones ignore it
    "openai.responses": openai.responses("gpt-4o"),
  };
  const schema = ai.jsonSchema(JSON.parse(schemaText));
  for (const [provider, model] of Object.entries(providers)) {
    const call = {
      model, prompt: "Which team?", maxRetries: 0,
      providerOptions: { local: { logprobs: true, top_logprobs: 5 }, openai: { logprobs: 5 } },
    };
    const object = { ...call, schema, ...(version === 4 && { mode: "json" }) };
    const text = {
      ...call, [version < 6 ? "experimental_output" : "output"]: ai.Output.object({ schema }),
    };
    const raw = version < 7 ? { includeRawChunks: true } : { include: { rawChunks: true } };
    const functions = {
      generateObject: async () => saved(await ai.generateObject(object)),
      generateText: async () => saved(await ai.generateText(text)),
      streamObject: async () => {
        const result = ai.streamObject(object);
        for await (const _ of result.partialObjectStream);
        return saved(result);
      },
      streamText: async () => {
        const result = ai.streamText(text);
        for await (const _ of result.textStream);
        return saved(result);
      },
    };
    const remedies = {
      "generateText, responseBody": async () =>
        saved(await ai.generateText({ ...text, include: { responseBody: true } })),
      "streamText, rawChunks": async () => {
        const chunks = [];
        for await (const chunk of rawChunks(ai.streamText({ ...text, ...raw }))) chunks.push(chunk);
        return JSON.stringify(chunks);
      },
    };
    if (provider !== "compatible, keepLogprobs") Object.assign(functions, remedies);
    for (const [name, run] of Object.entries(functions)) yield { provider, function: name, run };
  }
}

for (const version of [4, 5, 6, 7]) {
  for await (const { run, ...call } of calls(version)) {
    const outcome = await run().then((saved) => ({ saved }), (error) => ({ error: `${error.stack}` }));
    console.log(JSON.stringify({ version, ...call, ...outcome }));
  }
}
