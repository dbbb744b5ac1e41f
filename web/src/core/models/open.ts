// A stored model made ready: from its card, the description of its tokenizer and its weights.

import type { StoredWeights } from "../safetensors";
import { type BertModel, openBert } from "./bert";
import { type GptModel, openGpt } from "./gpt";
import { openTokenizer, openWordTokenizer } from "./tokenizers";
import { openTranslator, type TranslatorModel } from "./translator";

export type Model = GptModel | BertModel | TranslatorModel;

/** Throws, naming it, for what is missing, does not fit, or is not known here. */
export function openModel({ card, tokenizer, tensors }: StoredWeights): Model {
  const architecture = card.architecture;
  if (typeof architecture !== "object" || !architecture)
    throw new Error("the model's card does not say its architecture");
  const said = architecture as Record<string, unknown>;
  if (said.kind === "gpt") return openGpt(tensors, said, openTokenizer(tokenizer));
  if (said.kind === "bert") return openBert(tensors, said, openWordTokenizer(tokenizer));
  if (said.kind !== "translator") throw new Error(`a model of the kind ${said.kind}`);
  const { source, target } = tokenizer as { source: unknown; target: unknown };
  return openTranslator(tensors, said, { source: openTokenizer(source), target: openTokenizer(target) });
}
