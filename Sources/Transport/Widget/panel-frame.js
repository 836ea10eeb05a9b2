/** The window of the chat: heading, status, messages, composer. */
class Panel {
  static fullScreen = '(max-width: 480px)';

  node;
  #status = element('span', { class: 'status-text' });
  #dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
  #notice = element('div', { class: 'notice', hidden: true });
  #sound;
  #onClose;

  constructor({ emblem, list, composer, context, person, onClose, onSound }) {
    this.#onClose = onClose;
    this.#sound = makeButton(onSound, { class: 'plain' });
    const header = element(
      'header',
      { class: 'header', part: 'header' },
      element('span', { class: 'emblem', 'aria-hidden': 'true' }, emblem),
      element(
        'div',
        { class: 'heading' },
        element('h2', { id: 'title' }, say('title')),
        element('div', { class: 'status', part: 'status' }, this.#dot, this.#status),
      ),
      this.#sound,
      makeButton(onClose, { class: 'plain', 'aria-label': say('close') }, icons.close()),
    );
    this.node = element(
      'section',
      { id: 'panel', class: 'panel', part: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: true, keydown: (event) => this.#pressed(event) },
      header,
      this.#notice,
      person.node,
      list.node,
      composer.node,
      context,
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  setOpen(isOpen) {
    this.node.hidden = !isOpen;
    if (isOpen && matchMedia(Panel.fullScreen).matches) this.node.setAttribute('aria-modal', 'true');
    else this.node.removeAttribute('aria-modal');
  }

  /** What the sound button does next; without sound there is none. */
  setSound(isOn, isOffered) {
    this.#sound.hidden = !isOffered;
    this.#sound.setAttribute('aria-label', say(isOn ? 'mute' : 'unmute'));
    this.#sound.replaceChildren(isOn ? icons.sound() : icons.mute());
  }

  /** `status` is a key of the texts. */
  setStatus(status) {
    this.#dot.dataset.status = status;
    this.#status.textContent = say(`status.${status}`);
  }

  /** A sentence under the heading with an optional button, or nothing if null. */
  setNotice(text, { label, action, isAlert } = {}) {
    this.#notice.hidden = text === null;
    if (isAlert) this.#notice.setAttribute('role', 'alert');
    else this.#notice.removeAttribute('role');
    // The countdown changes each second; the button must stay the same one, or it loses the focus.
    const button = this.#notice.querySelector('button');
    if (label && button?.textContent === label) {
      this.#notice.firstChild.textContent = text;
      return;
    }
    const children = text === null ? [] : [element('span', {}, text)];
    if (label) children.push(makeButton(action, {}, label));
    this.#notice.replaceChildren(...children);
  }

  #pressed(event) {
    if (event.key === 'Escape' && !event.isComposing) {
      event.stopPropagation();
      this.#onClose();
    }
    // On a small screen the panel covers the page, so Tab must not walk behind it.
    if (event.key === 'Tab' && matchMedia(Panel.fullScreen).matches) this.#wrapFocus(event);
  }

  #wrapFocus(event) {
    const stops = [...this.node.querySelectorAll('button, textarea, a[href], summary, input, [tabindex="0"]')].filter((node) => node.checkVisibility());
    const [first, last] = [stops[0], stops.at(-1)];
    if (event.target !== (event.shiftKey ? first : last)) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}

/** The button in the corner, from the first opening on: it shows whether the panel is open, and what is unread. */
class Launcher {
  node;
  #badge = element('span', { class: 'badge', part: 'badge', 'aria-hidden': 'true', hidden: true });

  #selector;

  /** `node` is the loader's button, hidden where the site has its own, which `selector` names. */
  constructor(node, selector) {
    this.node = node;
    this.#selector = selector;
    node.setAttribute('aria-controls', 'panel');
    node.append(icons.down(), this.#badge);
  }

  update(isOpen, unread) {
    for (const node of [this.node, ...this.#others]) node.setAttribute('aria-expanded', String(isOpen));
    this.node.setAttribute('aria-label', unread > 0 ? say('unread', { count: unread }) : say('launcher'));
    this.#badge.hidden = unread === 0;
    this.#badge.textContent = unread > 9 ? '9+' : String(unread);
  }

  focus() {
    (this.#others[0] ?? this.node).focus({ preventScroll: true });
  }

  /** The site's own buttons. */
  get #others() {
    return this.#selector ? document.querySelectorAll(this.#selector) : [];
  }
}

/** Keeps the composer above the on-screen keyboard. */
function followViewport(host, signal) {
  const sheet = host.addStyle('');
  const fit = () => {
    const { height, offsetTop, scale } = window.visualViewport;
    // A visitor who zooms in wants to see a part of the panel, not a smaller panel.
    sheet.replaceSync(scale > 1.01 ? '' : `.root { --claude-chat-visible: ${height}px; --claude-chat-top: ${offsetTop}px; }`);
  };
  for (const name of ['resize', 'scroll']) window.visualViewport?.addEventListener(name, fit, { signal });
}
