// What a part of a widget needs to stay up to date: who tells it, and until when.

export interface Updated {
  signal: AbortSignal;
  /** Call `action` whenever anything has changed. */
  onUpdate(action: () => void): void;
}
