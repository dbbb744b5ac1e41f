// What each kind of model can be asked to do, by the names that widgets use.

import type { Model } from "../core/models/open";
import { Reader } from "./reader";
import { type SearchRequest, search } from "./translating";
import { read, type WriteRequest, write } from "./writing";

interface Tasks {
  /** What the widget is told of the model it has opened. */
  about: unknown;
  /** Each step of a task yields nothing, or some of the answer; what it returns is the answer. */
  all: Record<string, (request: unknown) => Generator<unknown, unknown>>;
}

/** Throws for a model of a kind for which no widget is written. */
export function tasksOf(model: Model): Tasks {
  if (model.kind === "translator") {
    return { about: {}, all: { search: (request) => search(model, request as SearchRequest) } };
  }
  if (model.kind !== "gpt") throw new Error(`no widget asks a model of the kind ${model.kind}`);
  const reader = new Reader(model);
  const { name, size } = model.tokenizer;
  return {
    about: { pieces: Array.from({ length: size }, (_, id) => name(id)) },
    all: {
      read: (request) => read(reader, request as { text: string }),
      write: (request) => write(reader, request as WriteRequest),
    },
  };
}
