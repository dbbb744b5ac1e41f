// The changes that the reader is asked about, two at a time.

import type { State } from "./state";

export type Change = "bits" | "texts" | "bandwidth" | "operations" | "rent" | "devices" | "context";

/** What the reader is asked of; while they are, no result is shown. */
export type Asked = readonly [Change, Change];

export const CHANGES: Record<Change, { name: string; of(state: State): Partial<State> }> = {
  bits: { name: "half the bits", of: ({ bits }) => ({ bits: bits / 2 }) },
  texts: { name: "twice the texts at once", of: ({ batch }) => ({ batch: 2 * batch }) },
  bandwidth: { name: "twice the bandwidth", of: ({ bandwidth }) => ({ bandwidth: 2 * bandwidth }) },
  operations: { name: "twice the operations a second", of: ({ operations }) => ({ operations: 2 * operations }) },
  rent: { name: "half the rent", of: ({ rent }) => ({ rent: rent / 2 }) },
  devices: { name: "twice as many devices", of: ({ devices }) => ({ devices: 2 * devices }) },
  context: { name: "half the cache of a token", of: ({ cache }) => ({ cache: cache / 2 }) },
};
