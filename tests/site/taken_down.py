"""A widget that is taken down: whatever is touched then, it draws, writes and asks no more."""

from typing import Any

from playwright.sync_api import Page

TAKE_DOWN = """async ([name, traits, changes, way]) => {
  const listeners = new Map(), host = new AbortController(), el = document.createElement('div');
  const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
  let writes = 0, asked = 0;
  Element.prototype.setPointerCapture = () => {}; // it refuses a pointer that is not there
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { writes++; traits[name] = value; of(`change:${name}`).forEach((call) => call()); },
    on: (event, call) => of(event).add(call),
    off: (event, call) => of(event).delete(call),
    save_changes() {},
    send() { asked++; },
  };
  const touch = () => { // everything that can be touched, then the model and the theme
    for (const part of el.querySelectorAll('button, select, input, textarea, [role=grid]')) {
      const box = part.getBoundingClientRect();
      const middle = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true };
      for (const name of ['click', 'input', 'change', 'pointerdown']) {
        part.dispatchEvent(new PointerEvent(name, middle));
      }
      part.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
    }
    const before = writes;
    for (const [name, [one, other]] of Object.entries(changes)) {
      model.set(name, JSON.stringify(traits[name]) === JSON.stringify(one) ? other : one);
    }
    document.documentElement.dataset.theme += 'x';
    return before;
  };
  const pass = (ms) => new Promise((done) => setTimeout(done, ms));
  document.body.append(el);
  const { render } = name.split('.').reduce((from, part) => from[part], globalThis);
  const cleanup = render({ model, el, signal: way === 'signal' ? host.signal : undefined });
  const first = el.innerHTML;
  const lived = touch() > 0;
  await pass(10);
  const lives = lived && el.innerHTML !== first;
  way === 'signal' ? host.abort() : cleanup();
  el.querySelector('.sentence').textContent = 'any drawing would write this anew';
  const last = el.innerHTML;
  writes = asked = 0;
  const written = touch();
  await pass(500); // longer than what is spoken waits
  const left = [...listeners.values()].reduce((sum, calls) => sum + calls.size, 0);
  return { lives, written, asked, left, changed: el.innerHTML !== last };
}"""
WAYS = ["cleanup", "signal"]  # by the function that ``render`` returns, or by the signal that newer hosts hand in


def check_taken_down(
    page: Page, name: str, traits: dict[str, Any], changes: dict[str, tuple[Any, Any]], way: str
) -> None:
    """Of a widget that the page knows by this name; ``changes`` are two values each of some of its traits."""
    found = page.evaluate(TAKE_DOWN, [name, traits, changes, way])
    assert found == {"lives": True, "written": 0, "asked": 0, "left": 0, "changed": False}, found
