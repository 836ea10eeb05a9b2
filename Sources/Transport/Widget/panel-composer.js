/** Where the visitor writes. */
class Composer {
  /** Bytes of one message; the welcome may say another. */
  limit = 16_384;
  #field = element('textarea', { rows: '1', 'aria-label': say('composer'), placeholder: say('placeholder'), dir: 'auto', enterkeyhint: 'send' });
  // Has the field's text, or what stands for it, and so its height: a field that grows without a style attribute.
  #mirror = element('div', { class: 'mirror', 'aria-hidden': 'true' });
  #counter = element('div', { class: 'counter' });
  #problem = element('div', { class: 'problem', role: 'alert' });
  #extras = element('div', { class: 'extras' });
  #button = element('button', { class: 'send', part: 'send', type: 'submit', 'aria-label': say('send') }, icons.send());
  #submit;
  #onDraft;
  #onTyping;
  node;

  /** `submit(text)` returns true if the text was taken; `onTyping(isTyping)` comes at each key. */
  constructor({ submit, onDraft, onTyping, draft }) {
    this.#submit = submit;
    this.#onDraft = onDraft;
    this.#onTyping = onTyping;
    this.#field.value = draft;
    this.#field.addEventListener('input', () => this.#edited());
    this.#field.addEventListener('keydown', (event) => this.#pressed(event));
    this.node = element(
      'form',
      { class: 'composer', part: 'composer', submit: (event) => (event.preventDefault(), this.#send()) },
      this.#problem,
      this.#counter,
      this.#extras,
      element('div', { class: 'box' }, element('div', { class: 'grow' }, this.#field, this.#mirror), this.#button),
    );
    this.#changed();
  }

  /** What goes along with the text, shown above it. */
  showExtras(...nodes) {
    this.#extras.replaceChildren(...nodes);
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Puts a text into the empty field; what the visitor has begun stays. */
  prefill(text) {
    if (this.#field.value !== '') return;
    this.#field.value = text;
    this.#edited();
  }

  /** Says why the text stays; gone with the next key. */
  say(text) {
    this.#problem.textContent = text;
  }

  #pressed(event) {
    // The Enter that ends an input method's composition picks a word; 229 is Safari's way to say so.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#send();
  }

  #send() {
    if (this.#button.getAttribute('aria-disabled') === 'true') return;
    if (!this.#submit(this.#field.value)) return;
    this.#field.value = '';
    this.#edited();
    this.focus();
  }

  #edited() {
    this.#changed();
    this.#onDraft(this.#field.value);
    this.#onTyping(this.#field.value.trim() !== '');
  }

  #changed() {
    const text = this.#field.value;
    this.#mirror.textContent = `${text || this.#field.placeholder}\n`;
    const left = this.limit - byteLength(text);
    this.#counter.textContent = left >= this.limit / 10 ? '' : left < 0 ? say('counterOver', { over: -left }) : say('counter', { left });
    // Said once, and not again with each key.
    const problem = left < 0 ? say('reason.too_large') : '';
    if (this.#problem.textContent !== problem) this.#problem.textContent = problem;
    // Not `disabled`: a button that disappears from the tab order would lose the focus.
    this.#button.setAttribute('aria-disabled', String(left < 0 || text.trim() === ''));
  }
}
