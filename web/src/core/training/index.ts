// Training a small GPT on the page: what widgets and tests use of it.

export { learningRate } from "./adamw";
export { frequencies } from "./frequencies";
export { learnWindow } from "./gpt";
export { countParameters, listParameters, makeParts } from "./parameters";
export { batchIndices, Run } from "./run";
export { prepare, tidy } from "./text";
