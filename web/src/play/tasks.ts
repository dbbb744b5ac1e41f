// What each kind of model can be asked to do, by the names that widgets use.

import type { Model } from "../core/models/open";
import { Reader } from "./reader";
import type { Tasks } from "./slices";
import { read, type WriteRequest, write } from "./writing";

/** Throws for a model of a kind for which no widget is written. */
export function tasksOf(model: Model): Tasks {
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
