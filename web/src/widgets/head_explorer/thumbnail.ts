// A head in small: a canvas with a pixel for each weight, in the colour of the large map.

import { h } from "../../controls/element";

export interface Ink {
  red: number;
  green: number;
  blue: number;
}

/** Whatever a style sheet calls a colour, as its three parts. */
export function inkOf(colour: string): Ink {
  const context = h("canvas").getContext("2d");
  if (context) context.fillStyle = colour;
  const hex = Number.parseInt(String(context?.fillStyle ?? "#000000").slice(1, 7), 16);
  return { red: hex >> 16, green: (hex >> 8) & 255, blue: hex & 255 };
}

export function thumbnail(T: number): HTMLCanvasElement {
  return h("canvas", { width: String(T), height: String(T), "aria-hidden": "true" });
}

/** Paint the weights (T, T) of one head through a picture of that size: the larger, the less transparent. */
export function paint(canvas: HTMLCanvasElement, image: ImageData, weights: Float64Array, ink: Ink): void {
  const { red, green, blue } = ink;
  for (const [i, weight] of weights.entries()) {
    image.data[4 * i] = red;
    image.data[4 * i + 1] = green;
    image.data[4 * i + 2] = blue;
    image.data[4 * i + 3] = Math.round(255 * weight);
  }
  canvas.getContext("2d", { willReadFrequently: true })?.putImageData(image, 0, 0);
}
