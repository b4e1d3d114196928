// The report that `fieldconf score result.json --json` prints: fieldconf.report_schema() as types.

/**
 * An answer with a confidence for every field.
 */
export interface Report {
  /**
   * the version of this form.
   */
  version: 2;
  /**
   * The least confidence among the required leaves (0..1); null if one is not known.
   */
  confidence: number | null;
  /**
   * whether the logprobs stand "before" or "after" tokens that the schema forbids
   * were excluded; "unknown" where nothing says so.
   */
  mask: "before" | "after" | "unknown";
  /**
   * the plain JSON value, as far as it closed.
   */
  data: unknown;
  /**
   * how the answer breaks its schema, each with the value that does, how sure the model
   * was of it and its tokens; empty if it keeps to it.
   */
  errors: Violation[];
  /**
   * The worst of its fields' outcomes; "reject" if the answer is not whole.
   */
  outcome: ("accept" | "review" | "reject") | null;
  /**
   * by which limits its fields are accepted, reviewed or rejected; no part of what
   * makes two reports equal.
   */
  policy: {
    [k: string]: unknown;
  };
  /**
   * JSON Pointer -> `Field`, in document order, leaves and containers.
   */
  fields: {
    [k: string]: Field;
  };
  /**
   * how the answer ended: "complete"; "truncated" (it ends before the value does);
   * "malformed" (not JSON from some byte on); "refused"; "unaligned" (the tokens do not
   * spell the text) and "no_logprobs" (both: values without numbers); "text" (there is no
   * schema and no JSON: `answer_score` and `tokens` have the numbers of a free text).
   */
  status: "complete" | "truncated" | "refused" | "malformed" | "unaligned" | "no_logprobs" | "text";
  /**
   * what `status` means in this case, one sentence; empty if complete, but for what
   * the flag "other_json" found.
   */
  reason: string;
  /**
   * "saturated": nearly all tokens of the values have a probability above .999, so that
   * the numbers tell no field from another (a server that reports them at a temperature
   * near 0 does this; so does a model that is sure of everything). "temperature": the server
   * took its logprobs after a temperature other than 1, and they were put back to 1; with
   * few candidates `low` and `high` are then far apart. "temperature_unknown": the
   * request set a temperature other than 1, and it is not known whether the server takes its
   * logprobs before or after it: the numbers are as it gave them. "fewer_samples": of the
   * samples asked for, some requests failed: the others count. "answer_in_reasoning_content"
   * (or "answer_in_reasoning", "answer_in_thinking"): the content is empty, and the answer
   * was read from the field of that name. "other_json": other JSON values stand beside the
   * answer's (a second one, JSON Lines, a list in the prose), and "other_kind": the answer
   * is a list where the schema asks for an object, or the like: no policy accepts a field
   * of such an answer.
   */
  flags: string[];
  /**
   * the step (nats) to which the server rounded its logprobs, as OpenAI's Responses
   * objects do (1e-6): a 0.0 is then only nearly certain; null where it did not.
   */
  precision: number | null;
  /**
   * which of several answers to one request this is.
   */
  choice: number;
  /**
   * the name of the tool of whose call this is the argument; empty for an answer in the
   * content.
   */
  tool: string;
  /**
   * logprob, mean and perplexity of the answer's text; null without logprobs.
   */
  answer_score: TextScore | null;
  /**
   * the same of the prompt, where the response lists its tokens; or null.
   */
  prompt_score: TextScore | null;
  /**
   * how many tokens the server says that the prompt and the answer
   * have; null where it does not say. Of several requests, all together.
   */
  input_tokens: number | null;
  /**
   * how many tokens the server says that the prompt and the answer
   * have; null where it does not say. Of several requests, all together.
   */
  output_tokens: number | null;
  /**
   * where and why a rule of yours stopped the reading (`status` is then "truncated"),
   * and how many tokens that spared; null if none did.
   */
  stopped: Stopped | null;
  /**
   * of a report that several requests led to: each of them, and what it cost; empty
   * for one answer.
   */
  requests?: RequestCost[];
  /**
   * by what its confidences were calibrated; null of a report as it was scored.
   */
  calibration?: Calibrated | null;
  /**
   * the name of the model, as received.
   */
  model: string;
  /**
   * why the server stopped, as received; "length" stands for every server's word
   * for the token limit.
   */
  finish_reason: string | null;
  /**
   * what the model said in place of an answer; null if it did not refuse.
   */
  refusal: string | null;
  /**
   * for each token the pointer of the leaf that owns it, "structure" or "outside".
   */
  owners?: string[];
  /**
   * the answer as received; null if there is none.
   */
  text?: string | null;
  /**
   * the answer's tokens, as received.
   */
  tokens?: Token[];
  /**
   * these tokens, empty where they are not listed. The score of a part of the
   * prompt, such as its third example, is `formulas.text_score` of their logprobs (nats).
   */
  prompt_tokens?: Token[];
  /**
   * the response as it came, with the settings of its request, as plain JSON values:
   * where `extract` and its like were told to keep it; else null. `score` reads it again
   * and gives the same numbers. It is no part of what makes two reports equal.
   */
  response?: {
    [k: string]: unknown;
  } | null;
}
/**
 * One way in which an answer violates its schema.
 */
export interface Violation {
  /**
   * the JSON Pointer of the invalid value in the answer.
   */
  pointer: string;
  /**
   * what is wrong there, in one line.
   */
  problem: string;
  /**
   * the value there; null if there is none.
   */
  value: unknown;
  /**
   * the confidence of that value; null if it is unknown.
   */
  confidence: number | null;
  /**
   * the indexes of the touching tokens.
   */
  indexes?: number[];
}
/**
 * One value of the answer and how sure the model was of it.
 */
export interface Field {
  /**
   * 0..1 by the formula named in `basis`; null if not known (see `reason`).
   */
  confidence: number | null;
  /**
   * of a calibrated field, its confidence before (0..1); null of any other, and where it
   * was not known.
   */
  raw?: number | null;
  /**
   * bounds of it (0..1): they hold the probability of exactly this value, whatever
   * the server did not list, and however what is undecided goes on. null where nothing is
   * known, and where `confidence` is no probability (means, the least of several). Of a
   * calibrated field they went through the same map as the confidence, and so hold what
   * the map makes of that probability.
   */
  low: number | null;
  /**
   * bounds of it (0..1): they hold the probability of exactly this value, whatever
   * the server did not list, and however what is undecided goes on. null where nothing is
   * known, and where `confidence` is no probability (means, the least of several). Of a
   * calibrated field they went through the same map as the confidence, and so hold what
   * the map makes of that probability.
   */
  high: number | null;
  /**
   * sum of the logprobs (nats) of all tokens that touch the value; or null.
   */
  logprob: number | null;
  /**
   * the formula behind `confidence`:
   *
   * * `distribution`: probability of the member written, among all members
   * * `decision`: the probability that a decision API gives the value
   * * `null_or_value`: probability of null against any value
   * * `joint`: probability of exactly this value, against all others that are allowed
   * * `geometric_mean`: exp of the mean logprob of the tokens (long texts), times the
   * probability that null was not written where it is allowed
   * * `list_end`: chance that the list went on where it did and ended where it ended,
   * times the probability of a list where something else is allowed
   * * `least_required`: the least confidence among the required leaves inside
   * * `agreement`: the share of several samples that have the value
   * * `verification`: the answer's own confidence combined with that of a second request
   * whether the value is right (`verify`), or what it is (`crosscheck`)
   */
  basis:
    | "distribution"
    | "decision"
    | "null_or_value"
    | "joint"
    | "geometric_mean"
    | "list_end"
    | "least_required"
    | "agreement"
    | "verification"
    | "none";
  /**
   * mean and standard deviation over a distribution of numbers; or null.
   */
  expected: number | null;
  /**
   * mean and standard deviation over a distribution of numbers; or null.
   */
  std: number | null;
  /**
   * why there is no confidence; empty if there is one.
   */
  reason: string;
  /**
   * "truncated", "shared_token" (a token also wrote bytes outside the value),
   * "duplicate_key" (an earlier value stood at the same path), "lone_surrogate",
   * "overflow" (a number beyond a double), "not_a_member" (outside of its enum),
   * "against_schema" (of the mass that the server listed at some token, the schema allows
   * less than a tenth: the model wanted to say something else), "unsettled" (its bounds
   * stayed wider than was asked for), "unverified" (a second reading was asked for and says
   * nothing of it), "another_is_likelier" (calibration made another value more probable
   * than the one written).
   */
  flags: string[];
  /**
   * the members of a finite domain with their probabilities; of an open one the
   * value written, its likeliest rivals and the rest; or null.
   */
  distribution: Distribution | null;
  /**
   * of a union: how probable each of its variants was (the names of JSON kinds, or of
   * the object schemas, by a discriminator or by the keys); or null.
   */
  variants: Distribution | null;
  /**
   * of an object: each optional key with the probability that it is written (`value`
   * says whether it was).
   */
  presence: {
    [k: string]: Member;
  };
  /**
   * of a list: at each place where it could have ended, the probability that
   * it ends; the last one is where it did.
   */
  end_probabilities: Member[];
  /**
   * the decisive token and its rivals; of a container, those of its least sure part.
   */
  why: Explanation | null;
  /**
   * where several requests were made: what each said of it; empty for one answer.
   */
  readings?: Reading[];
  /**
   * how many of several samples have its value; or null.
   */
  agreement?: Agreement | null;
  /**
   * where its value stands in the text that was read, best first; empty if
   * nowhere; null if that was not looked for.
   */
  source_spans?: SourceSpan[] | null;
  /**
   * of null where the schema allows a value: what stands in the text that was
   * read that could have been the value, or that mentions the field; empty if nothing; null
   * if that was not looked for.
   */
  source_candidates?: SourceCandidate[] | null;
  /**
   * the number (0..1) that a `Ranker` gives it; null without one. See `rank`.
   */
  fitted_rank?: number | null;
  /**
   * the token of an open value at which the smallest part agreed with it; or null.
   */
  min_step?: OpenValueStep | null;
  /**
   * its JSON kind.
   */
  kind: "object" | "array" | "string" | "number" | "boolean" | "null";
  /**
   * the decoded JSON value; null if it did not close (see `flags`).
   */
  value?: unknown;
  /**
   * the half-open byte span of the value's JSON text in the answer.
   *
   * @minItems 2
   * @maxItems 2
   */
  span: [number, number];
  /**
   * the settings of the field in its schema.
   */
  conf?: FieldConfig | null;
  /**
   * What its report's policy says: "accept", "review" or "reject".
   */
  outcome: ("accept" | "review" | "reject") | null;
  /**
   * what speaks against the value, by the policy.
   */
  reasons: Reason[];
  /**
   * the indexes of the touching tokens.
   */
  indexes?: number[];
}
/**
 * How probable each value was: all members of a finite domain, or some of an open one.
 */
export interface Distribution {
  /**
   * the values, most probable first; of a finite domain all, and their probabilities
   * sum to 1; of an open one the value written, null where it is allowed, and the likeliest
   * others that are known to their end.
   */
  candidates: Member[];
  /**
   * mass (0..1) of candidates that no member allows, outside of the probabilities.
   */
  off_schema: number;
  /**
   * mass (0..1) that the server did not list.
   */
  unseen: number;
  /**
   * index of the token at which the value was decided.
   */
  decided_at: number;
  /**
   * the likeliest beginnings that no member allows, where the value was being decided.
   */
  other: Rival[];
  /**
   * how many next-token distributions were requested to settle it.
   */
  calls: number;
  /**
   * of an open domain: the probability (0..1) of all values that are not candidates. null
   * for a finite one.
   */
  rest: number | null;
  /**
   * of an open domain: the likeliest beginnings of other values that are known no
   * further (JSON text), with their probabilities, which are a part of `rest`.
   */
  beginnings: Rival[];
  /**
   * of bare labels (`LabelSet`): the members in the same order, each with the
   * joint mass (0..1) of the tokens that decide for it, and bounds, before what the labels
   * do not allow was taken out; these do not sum to 1. Empty elsewhere, and once settled.
   */
  unnormalised?: Member[];
}
/**
 * One value of a finite domain: its probability, and bounds that hold it.
 */
export interface Member {
  /**
   * the JSON value.
   */
  value: unknown;
  /**
   * from 0 to 1.
   */
  probability: number;
  /**
   * bounds of the probability (0..1).
   */
  low: number;
  /**
   * bounds of the probability (0..1).
   */
  high: number;
}
/**
 * An alternative to what was written.
 */
export interface Rival {
  /**
   * its text, or the beginning of it.
   */
  text: string;
  /**
   * its mass, from 0 to 1.
   */
  probability: number;
}
/**
 * Where a value was decided.
 */
export interface Explanation {
  /**
   * the index of the decisive token: the one whose rivals had the most mass.
   */
  token: number;
  /**
   * its text.
   */
  text: string;
  /**
   * the part (0..1) of the possible mass there that agrees with what was written.
   */
  share: number;
  /**
   * the likeliest other candidates, with their parts of the possible mass.
   */
  rivals: Rival[];
  /**
   * The explanation as a sentence.
   */
  sentence: string;
}
/**
 * What one request said of a field.
 */
export interface Reading {
  /**
   * by which kind of request: "answer" is the first one.
   */
  how: "answer" | "reask" | "verification" | "sample" | "decision" | "second_prompt";
  /**
   * the value it gave; of a verification, true or false.
   */
  value: unknown;
  /**
   * how sure the model was of it, 0..1; of a verification, the probability that the
   * field's value is right; null if not known.
   */
  confidence: number | null;
  /**
   * the formula behind `confidence`, as of a field.
   */
  basis:
    | "distribution"
    | "decision"
    | "null_or_value"
    | "joint"
    | "geometric_mean"
    | "list_end"
    | "least_required"
    | "agreement"
    | "verification"
    | "none";
  /**
   * who was asked; empty where nobody says.
   */
  model: string;
  /**
   * whether it is for the value that the field has now; null where that was not asked.
   */
  agrees: boolean | null;
}
/**
 * How many of several answers to the same question have the field's value.
 */
export interface Agreement {
  /**
   * so many have it.
   */
  count: number;
  /**
   * so many were looked at.
   */
  of: number;
  /**
   * bounds of the share in the long run (0..1), Wilson's at 95 %.
   */
  low: number;
  /**
   * bounds of the share in the long run (0..1), Wilson's at 95 %.
   */
  high: number;
}
/**
 * One place where a value stands in the text that was read.
 */
export interface SourceSpan {
  /**
   * half-open, in characters of that text.
   */
  start: number;
  /**
   * half-open, in characters of that text.
   */
  stop: number;
  /**
   * what stands there.
   */
  text: string;
  /**
   * "exact"; "folded" (letter case, white space and the like differ); "number" or "date"
   * (the same one, written in another way); "fuzzy" (nearly).
   */
  how: "exact" | "folded" | "number" | "date" | "fuzzy";
  /**
   * 0..1; below 1 for "fuzzy", for what can be read in two ways ("1,234") and for a
   * date that has not all parts of the value; `docs/source.md` has the formulas.
   */
  similarity: number;
}
/**
 * A span of the text that was read which a null field could have held, or that mentions it.
 */
export interface SourceCandidate {
  /**
   * half-open, in characters of that text.
   */
  start: number;
  /**
   * half-open, in characters of that text.
   */
  stop: number;
  /**
   * what stands there.
   */
  text: string;
  /**
   * what it is: a "member" of the field's enum; a "number", "date" or word ("pattern")
   * that the schema allows; a capitalised "name"; or a "mention" of the field's own name.
   */
  kind: "member" | "number" | "date" | "pattern" | "name" | "mention";
}
/**
 * One step of an open value: masses (0..1) of its candidates.
 */
export interface OpenValueStep {
  /**
   * the index of its token.
   */
  token: number;
  /**
   * mass of those that may still lead to the value that was written.
   */
  agreeing: number;
  /**
   * of those that may lead to any value allowed there; it includes `agreeing`.
   */
  possible: number;
  /**
   * of those that lead to no allowed value.
   */
  off_schema: number;
  /**
   * mass that was not listed.
   */
  unseen: number;
  /**
   * the likeliest possible candidates that do not agree, likeliest first.
   */
  rivals: Rival[];
}
/**
 * Settings of one field: `Annotated[bool, FieldConfig(accept=0.9)]`.
 */
export interface FieldConfig {
  /**
   * from 0 to 1: the lowest confidence at which the value is accepted; null: not
   * set.
   */
  accept?: number | null;
  /**
   * from 0 to `accept`: the lowest confidence at which the value is reviewed; below
   * it the field is asked for again. null: not set. See docs/policies.md.
   */
  review?: number | null;
  /**
   * the formula for the confidence of a scalar; "distribution" applies only to fields
   * with few allowed values. null: by kind, see docs/numbers.md.
   */
  basis?: ("distribution" | "joint" | "geometric_mean") | null;
  /**
   * false excludes the field, and all fields inside of it, from the confidence of the
   * objects around it and from the report's confidence and outcome; for example, the
   * reason that a judge writes beside its score. The field's own confidence and verdict
   * stay. null or true: it is included, also a free text.
   */
  counts?: boolean | null;
  /**
   * true: the allowed values may lack the right one, so what the model would have
   * written outside of them counts against each: the confidence is the probability of the
   * value, times 1 - `off_schema`. Only for fields with few allowed values; it says
   * something only where logprobs are from before the mask. null or false: not so.
   */
  may_not_fit?: boolean | null;
}
/**
 * One thing that speaks against a value.
 */
export interface Reason {
  /**
   * its name; `docs/policies.md` lists all names.
   */
  name: string;
  /**
   * the facts, in words.
   */
  sentence: string;
  /**
   * what it leads to by itself: "review" or "reject".
   */
  outcome: "accept" | "review" | "reject";
}
/**
 * How probable a text was to the model, token by token.
 */
export interface TextScore {
  /**
   * the sum over the tokens, in nats.
   */
  logprob: number | null;
  /**
   * the mean per token, in nats.
   */
  mean: number | null;
  /**
   * exp(-mean), 1 or more (Jelinek et al. 1977); inf if it exceeds a double, and
   * null in JSON.
   */
  perplexity: number | null;
  /**
   * the number of tokens counted; the first token of a prompt is not counted, because
   * nothing predicts it.
   */
  tokens: number;
}
/**
 * Where and why reading was stopped early, and what that spared.
 */
export interface Stopped {
  /**
   * the field that a rule stopped at.
   */
  pointer: string;
  /**
   * the rule, in words.
   */
  rule: string;
  /**
   * tokens that had been read.
   */
  read: number;
  /**
   * tokens that the rest would have needed at least: the shortest rest that the schema
   * allows, at the answer's own bytes a token (an estimate).
   */
  saved: number;
  /**
   * the token limit of the request minus those read; null where none was set.
   */
  saved_at_most: number | null;
}
/**
 * One request behind a report, and what it cost.
 */
export interface RequestCost {
  /**
   * what for, as of a `Reading`.
   */
  how: "answer" | "reask" | "verification" | "sample" | "decision" | "second_prompt";
  /**
   * who was asked; empty where nobody says.
   */
  model: string;
  /**
   * as the server says; null where it does not.
   */
  input_tokens: number | null;
  /**
   * as the server says; null where it does not.
   */
  output_tokens: number | null;
}
/**
 * By what the confidences of a report were calibrated.
 */
export interface Calibrated {
  /**
   * that of the calibrator.
   */
  digest: string;
  /**
   * "ridge", or "identity" where it left the confidences as they were.
   */
  chosen: string;
  /**
   * when it was fitted (ISO 8601).
   */
  date: string;
  /**
   * on how many labelled values.
   */
  labels: number;
  /**
   * of how many documents.
   */
  documents: number;
  /**
   * for which model; empty where that is not known.
   */
  model: string;
}
/**
 * One token of the answer.
 */
export interface Token {
  /**
   * its text, as the server names it.
   */
  text: string;
  /**
   * its bytes, 0 to 255 each.
   */
  bytes?: number[] | null;
  /**
   * in nats, or null if the server gave no credible one; `note` may then say why.
   */
  logprob: number | "-inf" | null;
  /**
   * its number in the model's vocabulary; null if the server gave none.
   */
  id?: number | null;
  /**
   * the listed candidates in the server's order, with or without the token itself.
   */
  candidates?: Candidate[];
  /**
   * why there is no credible logprob; if there is one, why there are no credible
   * candidates.
   */
  note?: string;
}
/**
 * One token that the model considered at a decoding step.
 */
export interface Candidate {
  /**
   * its text, as the server names it.
   */
  text: string;
  /**
   * its bytes, 0 to 255 each.
   */
  bytes?: number[] | null;
  /**
   * in nats; `-inf` means that the grammar excluded it.
   */
  logprob: number | "-inf" | null;
  /**
   * its number in the model's vocabulary; null if the server gave none.
   */
  id?: number | null;
}
