"""A widget that is taken down: whatever is touched then, it draws, writes and asks no more."""

from typing import Any

from playwright.sync_api import Page

TAKE_DOWN = """async ([name, traits, changes, way, begin]) => {
  const listeners = new Map(), host = new AbortController(), el = document.createElement('div');
  const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
  let writes = 0, ended = 0;
  const asked = [], opened = { ...traits }, { terminate } = Worker.prototype;
  Worker.prototype.terminate = function () { ended++; terminate.call(this); };
  Element.prototype.setPointerCapture = () => {}; // it refuses a pointer that is not there
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { writes++; traits[name] = value; of(`change:${name}`).forEach((call) => call()); },
    on: (event, call) => of(event).add(call),
    off: (event, call) => of(event).delete(call),
    save_changes() {},
    send(message) { asked.push(message); },
  };
  const touch = () => { // everything that can be touched, then the model and the theme
    const parts = 'button, select, input, textarea, [role=grid], [role=option], [role=listbox]';
    for (const part of el.querySelectorAll(parts)) {
      const box = part.getBoundingClientRect();
      const middle = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true };
      for (const name of ['click', 'input', 'change', 'focus', 'blur', 'pointermove', 'pointerdown']) {
        part.dispatchEvent(new PointerEvent(name, { ...middle, pointerType: 'mouse' }));
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
  for (const [name, value] of begin ? Object.entries(opened) : []) model.set(name, value);
  await pass(10);
  writes = ended = 0;
  if (begin) [...el.querySelectorAll('button')].find((button) => button.textContent.startsWith(begin)).click();
  for (let i = 0; begin && i < 300 && !writes; i++) await pass(20);
  const goes = !begin || writes > 0;
  way === 'signal' ? host.abort() : cleanup();
  const before = asked.splice(0);
  el.querySelector('.sentence').textContent = 'any drawing would write this anew';
  const last = el.innerHTML;
  writes = 0;
  touch();
  await pass(begin ? 1200 : 500); // longer than what is spoken waits, or than what goes on by itself
  const left = [...listeners.values()].reduce((sum, calls) => sum + calls.size, 0);
  const after = { written: writes - Object.keys(changes).length, asked: asked.length, left };
  return [{ lives, goes, ...after, changed: el.innerHTML !== last }, before, ended];
}"""
WAYS = ["cleanup", "signal"]  # by the function that ``render`` returns, or by the signal that newer hosts hand in
NOTHING = {"lives": True, "goes": True, "written": 0, "asked": 0, "left": 0, "changed": False}


def check_taken_down(
    page: Page, name: str, traits: dict[str, Any], changes: dict[str, tuple[Any, Any]], way: str, *, begin: str = ""
) -> tuple[list, int]:
    """Of a widget that the page knows by this name; ``changes`` are two values each of some of its traits.

    ``begin``: a button that sets something going, with the traits of the beginning, which is then in the middle of it.
    Returned are the messages that were sent before, and how many workers were ended.
    """
    found, sent, ended = page.evaluate(TAKE_DOWN, [name, traits, changes, way, begin])
    assert found == NOTHING, found
    return sent, ended
