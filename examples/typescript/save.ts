// The part of a result that fieldconf reads, as JSON text. Read a stream to its end before.
// For generateObject, generateText, streamObject and streamText.

export async function saved(result: any): Promise<string> {
  if ("steps" in result) return JSON.stringify({ steps: await result.steps });
  const { object, finishReason, providerMetadata, response, usage } = result;
  return JSON.stringify({
    object: await object,
    finishReason: await finishReason,
    providerMetadata: await providerMetadata,
    response: await response,
    usage: await usage,
  });
}
