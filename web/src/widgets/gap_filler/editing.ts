// Where a word is after its sentence was edited.

/** For each place of the old words the place in the new ones; null where the word itself was changed. */
export function moved(old: readonly string[], next: readonly string[]): (place: number) => number | null {
  const most = Math.min(old.length, next.length);
  let head = 0;
  while (head < most && old[head] === next[head]) head++;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail++;
  return (place) => {
    if (place < head) return place;
    return place >= old.length - tail && place < old.length ? place + next.length - old.length : null;
  };
}
