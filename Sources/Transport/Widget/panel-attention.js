/** What the visitor hasn't seen yet: the number on the launcher, in the title, in other tabs; the sound. */
class Attention {
  unread = 0;
  #options;
  /** The newest message that this page knows of. */
  #top = null;
  #announcer = element('div', { class: 'visually-hidden', role: 'status' });

  /**
   * `options`: settings, launcher, host, isOpen() of the panel, isSeen() whether the visitor looks at the messages, play() for
   * the sound, a record that is shared with the browser's tabs, a signal that ends it.
   */
  constructor(options) {
    this.#options = options;
    options.host.root.append(this.#announcer);
    const shared = (event) => event.key === options.settings.storageKey && this.#clearIfSeenElsewhere();
    addEventListener('storage', shared, { signal: options.signal });
  }

  /** Says something to a screen reader, once. */
  announce(text) {
    this.#announcer.textContent = text;
  }

  /** A message of somebody else. */
  arrived(frame) {
    const { isOpen, isSeen, play } = this.#options;
    play();
    this.#top = { epoch: frame.epoch, seq: frame.seq };
    if (isSeen()) this.sawTo(frame);
    else this.#set(this.unread + 1);
    const spoken = `${frame.author?.name || say('assistant')}: ${frame.message}`;
    this.announce(isOpen() ? spoken : say('newMessages', { count: this.unread }));
  }

  /** The visitor has seen everything up to a message. */
  sawTo({ epoch, seq }) {
    const { seen } = this.#options.record.read();
    if (seen?.epoch !== epoch || seen.seq < seq) this.#options.record.write({ seen: { epoch, seq } });
    this.#set(0);
  }

  clear() {
    this.#set(0);
  }

  /** How many of these messages, the newest of the conversation, are unread; at the first look of a page. */
  count({ epoch, items }) {
    const { seen } = this.#options.record.read();
    const isNew = (item) => item.type !== 'user' && item.seq > seen.seq;
    // Of another run of numbers nothing is known, so nothing is claimed.
    if (seen?.epoch !== epoch) return;
    this.#top = { epoch, seq: items.at(-1)?.seq ?? 0 };
    this.#set(items.filter(isNew).length);
  }

  #clearIfSeenElsewhere() {
    const { seen } = this.#options.record.read();
    if (this.unread > 0 && seen?.epoch === this.#top?.epoch && seen.seq >= this.#top.seq) this.#set(0);
  }

  #set(count) {
    if (count === this.unread) return;
    this.unread = count;
    const { launcher, isOpen, settings } = this.#options;
    launcher.update(isOpen(), count);
    if (settings.title === 'count') document.title = (count > 0 ? `(${count}) ` : '') + document.title.replace(/^\(\d+\) /, '');
    emit('unread', { count });
  }
}

/** The visitor's own typing: told at most every three seconds, and always ended. */
class OwnTyping {
  static interval = 3000;

  #send;
  #lastStart = -Infinity;
  #isTyping = false;

  constructor(send) {
    this.#send = send;
  }

  pressed() {
    if (performance.now() - this.#lastStart < OwnTyping.interval) return;
    this.#lastStart = performance.now();
    this.#isTyping = true;
    this.#send({ type: 'typing', state: 'start' });
  }

  stopped() {
    this.#lastStart = -Infinity;
    if (!this.#isTyping) return;
    this.#isTyping = false;
    this.#send({ type: 'typing', state: 'stop' });
  }
}

/** That somebody else is typing. It can't get stuck: it ends by itself. */
class OthersTyping {
  static longest = 6000;

  author = null;
  #onChange;
  #timer = 0;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  start(author, milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), milliseconds > 0 ? Math.min(milliseconds, 60_000) : OthersTyping.longest);
    if (this.author?.name === author.name && this.author?.kind === author.kind) return;
    this.author = author;
    this.#onChange('start', author);
  }

  stop() {
    clearTimeout(this.#timer);
    if (!this.author) return;
    const { author } = this;
    this.author = null;
    this.#onChange('stop', author);
  }
}
