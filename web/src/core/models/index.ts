// The engine: the book's stored models, read and run without Python. What a widget needs of it, by one name.

export { readSafetensors, type StoredTensor, type StoredWeights } from "../safetensors";
export type { HeadWeights } from "./attention";
export { beamSearch } from "./beam";
export { type BertModel, joinPair, type Pair } from "./bert";
export type { GptModel } from "./gpt";
export { logitLens } from "./lens";
export { type Candidate, likeliest, softmaxOf } from "./likeliest";
export { type NGrams, openNGrams } from "./ngrams";
export { type Model, openModel } from "./open";
export type { Cache, Reading } from "./reading";
export { distribution, draw, filterLogits, type Sampling } from "./sampling";
export { openTokenizer, type Tokenizer, type WordTokenizer } from "./tokenizers";
export type { TranslatorModel } from "./translator";
