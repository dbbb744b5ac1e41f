// A state as part of an address: #writer={"text":"…"}, percent-encoded; what comes before the sign = is the widget's name.

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
