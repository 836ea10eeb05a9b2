/** The list of messages, ordered by seq, with the unsent ones at its end. */
class MessageList {
  static mostEntries = 300;
  // One author's messages within this time share one heading.
  static groupTime = 300_000;

  #entries = [];
  #list = element('ol', { class: 'messages' });
  #choices = element('div', { class: 'choices', role: 'group', 'aria-label': say('choices'), hidden: true });
  #empty = element(
    'div',
    { class: 'empty' },
    element('p', { class: 'empty-title' }, say('welcomeTitle')),
    element('p', {}, say('welcomeText')),
  );
  #unseen = 0;
  #isFollowing = true;
  #actions;
  #more = makeButton(() => this.scrollToEnd(), { class: 'more', hidden: true });
  #typing = element('div', { class: 'typing', hidden: true });
  #scroller;
  node;

  /** `actions`: choose(text, choice), retry(id), remove(id), stop(replyId), ask(text), older(seq), rating(id), a node. */
  constructor(actions) {
    this.#actions = actions;
    // Live, but silent: history must not be read out. New messages are announced once, elsewhere.
    this.#scroller = element(
      'div',
      { class: 'log', part: 'log', role: 'log', 'aria-live': 'off', 'aria-label': say('log'), tabindex: '0', scroll: () => this.#scrolled() },
      this.#empty,
      this.#list,
      this.#choices,
      this.#typing,
    );
    this.node = element('div', { class: 'log-frame' }, this.#scroller, this.#more);
    // A composer that grows, or an on-screen keyboard, must not push the last message out of sight.
    new ResizeObserver(() => this.#isFollowing && this.scrollToEnd()).observe(this.#scroller);
  }

  /** Whether replies can be rated; those that are shown already, too. */
  set isRatable(isRatable) {
    this.node.classList.toggle('ratable', isRatable);
  }

  get last() {
    return this.#entries.at(-1);
  }

  has(id) {
    return Boolean(this.#find(id));
  }

  #find(id) {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** Forgets what the server has sent; what it has not got yet stays. */
  clear() {
    const isOurs = (entry) => !entry.seq && !entry.isStream;
    for (const entry of this.#entries) if (!isOurs(entry)) entry.node.remove();
    this.#entries = this.#entries.filter(isOurs);
    this.#entries.forEach((_, index) => this.#decorate(index));
    this.#refresh();
  }

  /** Shows an own message before the server has it. */
  showOwn({ id, message, state, code }) {
    const frame = { id, type: 'user', message, timestamp: new Date().toISOString() };
    const follow = this.#isAtEnd();
    this.#place(this.#make(frame));
    this.setDelivery(id, state, code);
    this.#follow(follow || state !== 'failed', 0);
  }

  /** Shows a message of the server; an own one takes the place of its first copy. */
  show(frame) {
    const follow = this.#isAtEnd();
    const known = this.#find(frame.id);
    if (known && !known.isStream) return this.confirm(frame.id, frame.seq);
    if (known) this.remove(frame.id);
    this.#place(this.#make(frame, known));
    if (this.#entries.length > MessageList.mostEntries) this.remove(this.#entries[0].id);
    this.#follow(follow, known ? 0 : 1);
  }

  /** Older messages above the others; what is being read stays where it is. */
  showOlder(frames) {
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    for (const frame of frames) if (!this.has(frame.id)) this.#place(this.#make(frame));
    this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
  }

  // Replies that are still being written

  /** A reply begins; nothing is shown of it before its first words. */
  startReply(frame) {
    if (this.has(frame.replyId)) return;
    const entry = this.#make({ ...frame, id: frame.replyId, type: 'claude', message: '', timestamp: new Date().toISOString() });
    Object.assign(entry, { isStream: true, text: '', next: 0 });
    entry.node.classList.add('streaming');
    entry.delivery.replaceChildren(makeButton(() => this.#actions.stop(entry.id), {}, say('stop')));
    const follow = this.#isAtEnd();
    this.#place(entry);
    this.#follow(follow, 0);
  }

  /** More of a reply. If a part was lost, what is there stays until the whole text comes. */
  extendReply({ replyId, index, text }) {
    const entry = this.#find(replyId);
    if (!entry?.isStream || index !== entry.next || typeof text !== 'string') return;
    entry.next += 1;
    entry.text += text;
    this.#rebuildSoon(entry);
  }

  /** The whole text, where the message itself doesn't come: it always does, but for a lost connection. */
  endReply({ replyId, text }) {
    const entry = this.#find(replyId);
    if (!entry?.isStream) return;
    if (typeof text === 'string') entry.text = text;
    entry.delivery.replaceChildren();
    entry.node.classList.remove('streaming');
    this.#rebuildSoon(entry);
  }

  /** A lost connection takes its replies along; they come whole with the next one. */
  dropReplies() {
    for (const entry of this.#entries.filter((candidate) => candidate.isStream)) this.remove(entry.id);
  }

  /** At most once in a frame of the screen, however many parts come. */
  #rebuildSoon(entry) {
    if (entry.isWaiting) return;
    entry.isWaiting = true;
    requestAnimationFrame(() => {
      entry.isWaiting = false;
      const follow = this.#isAtEnd();
      entry.bubble.replaceChildren(...formatted(entry.text, 'markdown'));
      if (follow) this.scrollToEnd();
    });
  }

  /** The server has an own message and says at which place. */
  confirm(id, seq) {
    const entry = this.#find(id);
    if (!entry || entry.seq) return;
    const index = this.#entries.indexOf(entry);
    entry.seq = seq;
    this.setDelivery(id, 'sent');
    // Mostly it's in its place already; a node that is moved would start its animation again.
    if ((this.#entries[index - 1]?.seq ?? 0) < seq && (this.#entries[index + 1]?.seq ?? Infinity) > seq) return;
    this.remove(id);
    this.#place(entry);
  }

  /** `state`: queued, sending, sent or failed. */
  setDelivery(id, state, code) {
    const entry = this.#find(id);
    if (!entry || (entry.seq && state !== 'sent')) return;
    entry.node.dataset.state = state;
    if (state === 'failed') return this.#showFailure(entry, code);
    entry.delivery.removeAttribute('role');
    entry.delivery.replaceChildren(state === 'sent' ? '' : say(state));
  }

  /** `name` is typing, or nobody if null. */
  setTyping(name) {
    const follow = this.#isAtEnd();
    this.#typing.hidden = name === null;
    if (name === null) return this.#typing.replaceChildren();
    const dots = element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'));
    this.#typing.replaceChildren(dots, say('typing', { name }));
    if (follow) this.scrollToEnd();
  }

  scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#isFollowing = true;
    this.#unseen = 0;
    this.#more.hidden = true;
  }

  #showFailure(entry, code) {
    entry.delivery.setAttribute('role', 'alert');
    entry.delivery.replaceChildren(
      element('span', {}, say('failed', { reason: reasonFor(code, 'otherReason') })),
      makeButton(() => this.#actions.retry(entry.id), {}, say('retry')),
      makeButton(() => navigator.clipboard?.writeText(entry.frame.message).catch(() => {}), {}, say('copy')),
      makeButton(() => this.#actions.remove(entry.id), {}, say('remove')),
    );
  }

  /** `stream` is the entry that the message takes the place of. */
  #make(frame, stream) {
    const kind = { user: 'own', claude: 'theirs', system: 'system' }[frame.type];
    const author = { user: say('you'), claude: frame.author?.name || say('assistant'), system: say('system') }[frame.type];
    const parsed = new Date(frame.timestamp);
    const time = Number.isNaN(parsed.getTime()) ? new Date() : parsed;
    const day = element('div', { class: 'day', hidden: true });
    const meta = element(
      'div',
      { class: 'meta' },
      element('bdi', {}, author),
      element('span', { class: 'visually-hidden' }, ', '),
      element('time', { datetime: time.toISOString() }, clock.format(time)),
    );
    const format = frame.type === 'claude' ? frame.format : 'plain';
    const bubble = element('div', { class: `bubble ${format === 'markdown' ? 'rich' : ''}`, dir: 'auto', lang: frame.lang }, ...formatted(frame.message, format));
    const delivery = element('div', { class: 'delivery' });
    const node = element('li', { class: `message ${kind}`, part: 'message', 'data-id': frame.id }, day, meta, bubble, ...this.#links(frame), delivery);
    if (stream) node.classList.add('settled');
    if (frame.type === 'claude' && Number.isInteger(frame.seq)) delivery.before(this.#actions.rating(frame.id));
    if (frame.finish && frame.finish !== 'complete') this.#showCut(delivery, frame);
    return { id: frame.id, seq: frame.seq, frame, kind, author, time, node, day, bubble, delivery };
  }

  /** Where a reply leads: https, or a path of the page's own site. */
  #links({ type, links }) {
    if (type !== 'claude' || !Array.isArray(links)) return [];
    const safe = links.slice(0, 5).flatMap(({ title, url } = {}) => {
      if (typeof title !== 'string' || typeof url !== 'string') return [];
      const found = linkAddress(/^\/(?![/\\])/.test(url) ? location.origin + url : url);
      return found && (found.protocol === 'https:' || found.origin === location.origin) ? [linkNode(found, [withoutMarkPiles(title)], title)] : [];
    });
    return safe.length > 0 ? [element('ul', { class: 'links' }, ...safe.map((link) => element('li', { dir: 'auto' }, link)))] : [];
  }

  /** A reply that was cut says so, and its question can be asked again. */
  #showCut(delivery, { finish, inReplyTo }) {
    delivery.append(element('span', {}, say(finish === 'stopped' ? 'stopped' : 'interrupted')));
    const question = this.#find(inReplyTo)?.frame.message;
    if (question) delivery.append(makeButton(() => this.#actions.ask(question), {}, say('retry')));
  }

  #place(entry) {
    const isLater = (other) => (other.seq ?? Infinity) > (entry.seq ?? Infinity);
    const found = this.#entries.findIndex(isLater);
    const index = found < 0 ? this.#entries.length : found;
    this.#list.insertBefore(entry.node, this.#entries[index]?.node ?? null);
    this.#entries.splice(index, 0, entry);
    this.#decorate(index);
    this.#decorate(index + 1);
    this.#refresh();
  }

  /** Takes an entry out, whatever its state. */
  remove(id) {
    const entry = this.#find(id);
    if (!entry) return;
    const index = this.#entries.indexOf(entry);
    entry.node.remove();
    this.#entries.splice(index, 1);
    this.#decorate(index);
    this.#refresh();
  }

  /** The day above the first message of a day, the heading above the first of a group. */
  #decorate(index) {
    const entry = this.#entries[index];
    if (!entry) return;
    const before = this.#entries[index - 1];
    const isNewDay = before?.time.toDateString() !== entry.time.toDateString();
    entry.day.hidden = !isNewDay;
    entry.day.textContent = isNewDay ? dayName(entry.time) : '';
    const isClose = before && entry.time - before.time < MessageList.groupTime;
    const joins = !isNewDay && isClose && before.kind === entry.kind && before.author === entry.author;
    entry.node.classList.toggle('joins', Boolean(joins));
  }

  #refresh() {
    this.#empty.hidden = this.#entries.length > 0;
    const { id, frame } = this.last ?? {};
    const offered = frame?.type === 'claude' && Array.isArray(frame.choices) ? frame.choices : [];
    const button = ({ label, send = label }, index) =>
      makeButton(() => this.#actions.choose(send, { id, index }), { class: 'chip', part: 'chip' }, label);
    this.#choices.hidden = offered.length === 0;
    this.#choices.replaceChildren(...offered.filter((choice) => typeof choice?.label === 'string').slice(0, 6).map(button));
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight <= 80;
  }

  /** Somebody who reads older messages isn't torn away from them. */
  #follow(follows, count) {
    if (follows) return this.scrollToEnd();
    this.#unseen += count;
    this.#more.hidden = this.#unseen === 0;
    this.#more.replaceChildren(icons.down(), say('newMessages', { count: this.#unseen }));
  }

  #scrolled() {
    this.#isFollowing = this.#isAtEnd();
    const first = this.#entries[0]?.seq;
    if (first > 1 && this.#scroller.scrollTop < 80) this.#actions.older(first);
    if (!this.#isFollowing) return;
    this.#unseen = 0;
    this.#more.hidden = true;
  }
}
