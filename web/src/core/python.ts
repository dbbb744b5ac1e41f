// Values as Python literals, for the code a reader can copy out of a widget.

/** A string, number, boolean or array (as a tuple) in Python's notation. */
export function pythonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(pythonLiteral).join(", ")})`;
  if (value === true) return "True";
  if (value === false) return "False";
  return JSON.stringify(value);
}

/** A list of such values. */
export function pythonList(values: readonly unknown[]): string {
  return `[${values.map(pythonLiteral).join(", ")}]`;
}
