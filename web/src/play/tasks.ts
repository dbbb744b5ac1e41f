// What each kind of model can be asked to do, by the names that widgets use.

import type { Gaps } from "../core/gaps";
import type { Model } from "../core/models/open";
import { fill } from "./filling";
import { Reader } from "./reader";
import type { Tasks } from "./slices";
import { Measure, type SurprisesRequest } from "./surprises";
import { type SearchRequest, search } from "./translating";
import { read, type WriteRequest, write } from "./writing";

export function tasksOf(model: Model): Tasks {
  if (model.kind === "translator") {
    return { about: {}, all: { search: (request) => search(model, request as SearchRequest) } };
  }
  const { name, size } = model.tokenizer;
  const about = { pieces: Array.from({ length: size }, (_, id) => name(id)) };
  if (model.kind === "bert") return { about, all: { fill: (asked) => fill(model, asked as Gaps) } };
  const reader = new Reader(model);
  const measure = new Measure(new Reader(model)); // which goes through the text from its beginning
  return {
    about,
    all: {
      surprises: (request) => measure.surprises(request as SurprisesRequest),
      read: (request) => read(reader, request as { text: string }),
      write: (request) => write(reader, request as WriteRequest),
    },
  };
}
