/** On a small screen the open panel is a page of its own to the visitor, so Back closes it. */
class BackButton {
  static #mark = 'claude-chat';

  #isOn;
  #isAwaited = false;

  /** `close()` is called when the visitor goes back. */
  constructor(isOn, close, signal) {
    this.#isOn = isOn;
    addEventListener('popstate', () => this.#isAwaited && !this.#isMarked && close(), { signal });
  }

  get #isMarked() {
    return history.state?.[BackButton.#mark] === true;
  }

  /** Adds an entry of the same address, unless a page that was reloaded has it already. */
  opened() {
    this.#isAwaited = this.#isOn && matchMedia(Panel.fullScreen).matches;
    if (this.#isAwaited && !this.#isMarked) history.pushState({ ...history.state, [BackButton.#mark]: true }, '');
  }

  /** Takes the entry away again; after a Back it's gone. */
  closed() {
    if (this.#isAwaited && this.#isMarked) history.back();
    this.#isAwaited = false;
  }
}
