// A state as part of an address: #writer={"text":"…"}, percent-encoded; what comes before the sign = is the widget's name.
// And back: anybody can write an address, so each value is looked at, and what cannot be is undefined.

export function linkOf(name: string, values: Record<string, unknown>): string {
  return `#${name}=${encodeURIComponent(JSON.stringify(values))}`;
}

/** What an address says of the widget of this name; null for an address that is not about it, or is broken. */
export function valuesOfLink(hash: string, name: string): Record<string, unknown> | null {
  const start = `#${name}=`;
  if (!hash.startsWith(start)) return null;
  try {
    const values: unknown = JSON.parse(decodeURIComponent(hash.slice(start.length)));
    return typeof values === "object" && values !== null && !Array.isArray(values) ? { ...values } : null;
  } catch {
    return null;
  }
}

export function oneOf<Value>(value: unknown, allowed: readonly Value[]): Value | undefined {
  return allowed.find((one) => one === value);
}

/** A number from `low` to `high`. */
export function numberIn(value: unknown, low: number, high: number): number | undefined {
  return typeof value === "number" && value >= low && value <= high ? value : undefined;
}

/** A whole number from `low` to `high`. */
export function wholeIn(value: unknown, low: number, high: number): number | undefined {
  return Number.isInteger(value) ? numberIn(value, low, high) : undefined;
}

export function booleanIn(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** What was found. */
export function defined<State extends object>(
  found: { [Name in keyof State]?: State[Name] | undefined },
): Partial<State> {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Partial<State>;
}
