// Tensors travel as IEEE 754 half-precision numbers (binary16), little-endian, in base64.

/** One float16, given by its 16 bits: a sign, 5 bits of exponent, 10 bits of fraction. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** All numbers of a base64 text. */
export function decodeFloat16(base64: string): Float64Array {
  const bytes = atob(base64);
  const out = new Float64Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) {
    out[i] = fromHalf(bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8));
  }
  return out;
}

/** All numbers of bytes of which first come the low ones of all numbers, then the high ones. */
export function decodePlanes(planes: Uint8Array): Float64Array {
  const n = planes.length / 2;
  return Float64Array.from({ length: n }, (_, i) => fromHalf(planes[i]! | (planes[n + i]! << 8)));
}

const LARGEST = 65504;
const single = new Float32Array(1);
const pattern = new Uint32Array(single.buffer);

/** The nearest float16, through single precision as PyTorch goes; infinite beyond the largest. */
export function toHalf(x: number): number {
  single[0] = x;
  const value = single[0];
  const exponent = ((pattern[0]! >>> 23) & 0xff) - 127;
  const step = 2 ** (Math.max(exponent, -14) - 10);
  const rounded = roundEven(value / step) * step;
  return Math.abs(rounded) > LARGEST ? Math.sign(rounded) * Number.POSITIVE_INFINITY : rounded;
}

/** The nearest whole number, of two the even one. */
export function roundEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}
