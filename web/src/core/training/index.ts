// Training a small GPT on the page: everything that widgets and tests use of it.

export { AdamW, clipGradients, learningRate, type TrainConfig } from "./adamw";
export { type Frequencies, frequencies } from "./frequencies";
export { learnWindow, lossOf, readWindow } from "./gpt";
export { countParameters, listParameters, makeParts, type Sizes } from "./parameters";
export { batchIndices, Run } from "./run";
export { prepare, tidy } from "./text";
