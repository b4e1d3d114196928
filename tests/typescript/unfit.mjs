// An answer that does not fit the schema: for each version a line for what generateObject throws, what
// generateText throws, and what streamText saves.
//
// In:    the base URL of a loopback server, and a JSON Schema.

import { keepLogprobs } from "./v7/keep_logprobs.js";
import { saved } from "./v7/save.js";

const [baseURL, schemaText] = process.argv.slice(2);
globalThis.AI_SDK_LOG_WARNINGS = false;
for (const version of [5, 6, 7]) {
  const ai = await import(`ai-v${version}`);
  const { createOpenAICompatible } = await import(`compatible-v${version}`);
  const provider = createOpenAICompatible({
    name: "local", baseURL, supportsStructuredOutputs: true, metadataExtractor: keepLogprobs,
  });
  const validate = () => ({ success: false, error: new Error("it does not fit") });
  const schema = ai.jsonSchema(JSON.parse(schemaText), { validate });
  const call = {
    model: provider("any"), prompt: "?", maxRetries: 0,
    providerOptions: { local: { logprobs: true, top_logprobs: 5 } },
  };
  const thrown = (error) => console.log(JSON.stringify(error));
  await ai.generateObject({ ...call, schema }).catch(thrown);
  const output = ai.Output.object({ schema });
  const include = { responseBody: true }; // version 7's error has no body without it
  const text = { ...call, output, experimental_output: output, include };
  await ai.generateText(text).then((result) => result.experimental_output).catch(thrown);
  const result = ai.streamText(text);
  for await (const _ of result.textStream);
  console.log(await saved(result));
}
