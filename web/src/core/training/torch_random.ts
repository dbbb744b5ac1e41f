// PyTorch's random numbers: the same seed draws the same weights and the same batches here and in Python.

const STATE = 624;
const SHIFT = 397;
const FULL = 2 ** 24; // torch.rand keeps 24 of 32 bits

/** The Mersenne Twister of Matsumoto and Nishimura (1998), which torch.manual_seed(seed) sets going. */
export class Generator {
  readonly #state = new Uint32Array(STATE);
  #next = STATE;

  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed % 2 ** 32;
    for (let j = 1; j < STATE; j++) {
      const before = state[j - 1]!;
      state[j] = Math.imul(1812433253, before ^ (before >>> 30)) + j;
    }
  }

  /** A whole number below 2³². */
  next(): number {
    if (this.#next === STATE) this.#twist();
    let y = this.#state[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let k = 0; k < STATE; k++) {
      const y = (state[k]! & 0x80000000) | (state[(k + 1) % STATE]! & 0x7fffffff);
      state[k] = state[(k + SHIFT) % STATE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }

  /**
   * tensor.uniform_(-1/32, 1/32): of 32 bits 24 are kept, so that float32, in which PyTorch computes, holds each number
   * exactly.
   */
  weight(): number {
    return (this.next() % FULL) / FULL / 16 - 1 / 32;
  }
}

/** torch.randint(n, (count,)) for n below 2²⁸. */
export function wholeNumbers(n: number, count: number, generator: Generator): number[] {
  return Array.from({ length: count }, () => generator.next() % n);
}
