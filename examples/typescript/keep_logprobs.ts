// Keeps the logprobs of each answer in `providerMetadata`, as the server sent them (AI SDK 5 to 7):
// createOpenAICompatible({ ..., metadataExtractor: keepLogprobs }).

const read = (body: any): any[] => body?.choices?.[0]?.logprobs?.content ?? [];
const keep = (logprobs: any[]) => ({ fieldconf: { logprobs } });

export const keepLogprobs = {
  extractMetadata: async ({ parsedBody }: { parsedBody: unknown }) => keep(read(parsedBody)),
  createStreamExtractor: () => {
    const all: any[] = [];
    return {
      processChunk: (chunk: unknown) => void all.push(...read(chunk)),
      buildMetadata: () => keep(all),
    };
  },
};
