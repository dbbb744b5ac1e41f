// Dragging a button sideways, by mouse, pen or finger.

const THRESHOLD = 2; // px; less is a click with an unsteady hand

interface DragOptions<Start> {
  /** Called where the pointer goes down; what it returns is handed to `onMove`. */
  onStart(button: HTMLButtonElement): Start;
  onMove(start: Start, pixels: number): void;
  signal: AbortSignal;
}

/** Watch all buttons inside `container`, those that come later too. */
export function onHorizontalDrag<Start>(container: HTMLElement, options: DragOptions<Start>): void {
  const { onStart, onMove, signal } = options;
  let drag: { pointer: number; x: number; start: Start } | undefined;

  const onDown = (event: PointerEvent): void => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    drag = { pointer: event.pointerId, x: event.clientX, start: onStart(button) };
    button.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (drag?.pointer !== event.pointerId) return;
    const pixels = event.clientX - drag.x;
    if (Math.abs(pixels) > THRESHOLD) onMove(drag.start, pixels);
  };
  const onEnd = (): void => {
    drag = undefined;
  };
  container.addEventListener("pointerdown", onDown, { signal });
  container.addEventListener("pointermove", onPointerMove, { signal });
  container.addEventListener("pointerup", onEnd, { signal });
  container.addEventListener("pointercancel", onEnd, { signal });
}
