/** Plugs the parts together. What a page may call is in the loader; its calls end here. */
class Chat {
  // How long a closed panel stays connected for the reply to the last question.
  static replyPatience = 30_000;
  // With a person on the other side, or one awaited.
  static personPatience = 30 * 60_000;
  // The server takes one resume in five seconds.
  static resumeInterval = 5000;

  #settings;
  #tab;
  #record;
  #endpoints;
  #session;
  #sequence = new Sequence();
  #outbox;
  #connection;
  #list;
  #composer;
  #panel;
  #launcher;
  #host;
  #context;
  #picker;
  #sound;
  #attention;
  #back;
  #ratings;
  #ownTyping = new OwnTyping((frame) => this.#connection.send(frame));
  #othersTyping = new OthersTyping((state, author) => this.#typingChanged(state, author));
  #life = new AbortController();
  #conversation = 'bot';
  #agent = null;
  #offersPerson = false;
  #person = new PersonLine(() => this.#askForPerson());
  #opener = null;
  #promises = new Map();
  #beforeSend = (message) => message;
  // Messages up to here are history and make no noise.
  #quietUntil = 0;
  #lateTops = 0;
  #oldestAsked = 0;
  #lastResume = -Infinity;
  #resumeTimer = 0;
  #askedAt = 0;
  #closedAt = 0;
  #settleTimer = 0;
  #countdown = 0;
  #wasReplaced = false;

  constructor({ settings, tab, record, host, launcher }) {
    this.#settings = settings;
    this.#tab = tab;
    this.#host = host;
    this.#launcher = new Launcher(launcher, settings.launcher);
    this.#record = record;
    this.#endpoints = new Endpoints(settings);
    this.#session = new Session(settings, this.#endpoints, this.#record);
    this.#session.onReplaced = (reason) => this.#replaced(reason);
    this.#session.onRenewed = () => this.#connection.send(this.#session.refreshFrame);
    this.#outbox = new Outbox(tab, {
      transmit: ({ id, message, context, choice }) => this.#connection.send({ type: 'user', id, message, context, choice }),
      changed: (entry) => this.#deliveryChanged(entry),
      missed: () => this.#connection.renew(),
    });
    this.#connection = this.#makeConnection();
    this.#build();
    for (const entry of this.#outbox.entries) this.#list.showOwn(entry);
    this.#settle();
  }

  /** A frozen view, new at each read. */
  get state() {
    const { position } = this.#sequence;
    return Object.freeze({
      isConnected: this.#connection.isOnline,
      websocket: this.#connection.transport?.socket ?? null,
      isOpen: this.#panel.isOpen,
      unread: this.#attention.unread,
      sessionId: this.#session.id,
      page: this.#context.page,
      transport: this.#connection.isOnline ? this.#connection.transport.name : null,
      connection: this.#connection.state,
      conversation: this.#conversation,
      position: position && Object.freeze({ ...position }),
      outbox: this.#outbox.pending,
      lastError: this.#connection.lastError,
    });
  }

  // What the page and the visitor ask for

  open({ takesFocus = true } = {}) {
    if (!this.#panel.isOpen) {
      this.#opener = this.#host.activeElement ?? document.activeElement;
      // At each opening: in a single-page site the address changes without a load.
      this.#context.refresh();
      this.#panel.setOpen(true);
      this.#tab.write({ isOpen: true });
      this.#back.opened();
      this.#list.scrollToEnd();
      this.#seen();
      this.#connection.start();
      this.#connectionChanged();
      emit('open', {});
    }
    if (takesFocus) {
      this.#sound.arm();
      this.#composer.focus();
    }
  }

  close() {
    if (!this.#panel.isOpen) return;
    this.#picker.stop();
    const hadFocus = document.activeElement === this.#host.element;
    this.#panel.setOpen(false);
    this.#tab.write({ isOpen: false });
    this.#back.closed();
    this.#closedAt = Date.now();
    this.#launcher.update(false, this.#attention.unread);
    this.#ownTyping.stopped();
    // Back to what opened it; the launcher if that has gone.
    const opener = this.#opener?.isConnected && this.#opener !== document.body ? this.#opener : null;
    if (hadFocus) (opener ?? this.#launcher).focus({ preventScroll: true });
    this.#settle();
    emit('close', {});
  }

  toggle() {
    if (this.#panel.isOpen) this.close();
    else this.open();
  }

  /** Sends a text as the visitor. Resolves with the ack's id and seq. */
  async send(text, { silent = false, choice } = {}) {
    const written = String(text).toWellFormed?.() ?? String(text);
    if (written.trim() === '') throw failure('empty', 'a message needs some text');
    const sent = this.#beforeSend({ message: written, context: this.#context.collect() });
    if (!sent) throw failure('vetoed', 'the page does not let this message go');
    const message = String(sent.message);
    if (byteLength(message) > this.#composer.limit) throw failure('too-large', say('reason.too_large'));
    if (this.#outbox.isFull) throw failure('outbox-full', say('outboxFull'));
    const entry = { id: randomId(), message, context: sent.context, choice };
    const { promise, ...settle } = deferred();
    this.#promises.set(entry.id, settle);
    this.#list.showOwn({ ...entry, state: 'queued' });
    this.#askedAt = Date.now();
    this.#record.write({ usedAt: this.#askedAt });
    this.#outbox.add(entry);
    this.#context.setElement(null);
    this.#composer.showExtras(this.#pickButton());
    this.#ownTyping.stopped();
    if (!silent) this.open({ takesFocus: false });
    this.#connection.start();
    return promise;
  }

  prefill(text) {
    this.#composer.prefill(String(text));
  }

  /** A verified visitor: `{token}`, or `{id, hash}` where the site's server takes that. */
  async identify({ token, id, hash } = {}) {
    const answer = await this.#session.identify(token ?? { id, hash });
    if (answer.outcome !== 'ok') throw failure(answer.code);
    emit('identify', {});
  }

  /** Signs out: a new conversation begins. What was never sent is asked about first. */
  reset() {
    if (this.#outbox.pending > 0 && !confirm(say('resetUnsent'))) return;
    for (const entry of [...this.#outbox.entries]) (this.#outbox.remove(entry.id), this.#list.remove(entry.id));
    this.#session.forget();
    this.#replaced('switched');
    emit('reset', {});
  }

  setContext(values) {
    this.#context.setVars(values);
  }

  setPage(page) {
    this.#context.setPage(page);
  }

  collectPageContext() {
    return this.#context.collect();
  }

  setTexts(values) {
    replaceTexts(values);
  }

  setSound(mode) {
    this.#sound.mode = mode;
    this.#showSound();
  }

  beforeSend(change) {
    this.#beforeSend = change;
  }

  startPicker() {
    this.open({ takesFocus: false });
    this.#picker.start();
  }

  /** Asks what has come since the visitor looked last; a page does so once, with the panel closed. */
  async lookForNews() {
    if (this.#panel.isOpen || this.#outbox.pending > 0) return;
    if ((await this.#session.ensure()).outcome !== 'ok') return;
    const answer = await getHistory(this.#endpoints, this.#session, { limit: 20 });
    if (answer && !this.#panel.isOpen) this.#attention.count(answer);
  }

  /** Messages from before one of the list; asked once for each. */
  async #showOlder(before) {
    const { position } = this.#sequence;
    if (!position || !this.#connection.isOnline || this.#oldestAsked === before) return;
    this.#oldestAsked = before;
    const answer = await getHistory(this.#endpoints, this.#session, { limit: 50, before, epoch: position.epoch });
    // The list may be of another run, or of another conversation, by now.
    if (answer?.epoch === this.#sequence.position?.epoch) this.#list.showOlder(answer.items);
    else if (!answer) this.#oldestAsked = 0;
  }

  /** Whether the server has kept what the visitor thinks of a reply. */
  async #rate(id, value) {
    for (const isLast of [false, true]) {
      if ((await this.#session.ensure()).outcome !== 'ok') return false;
      // A visitor who presses and leaves has pressed.
      const options = { keepalive: true };
      const rate = post(this.#endpoints.call('feedback', { session: this.#session.id }), { id, value }, this.#session.headers, options);
      // A page that is being left loses its requests, and its timers fire no more: nothing is taken back for that.
      const answer = await rate.catch(() => new Promise((resolve) => setTimeout(resolve, 1000)));
      if (answer?.status !== 401 || isLast) return answer?.ok === true;
      this.#session.invalidate();
    }
  }

  /** Ends everything, listeners too. */
  end() {
    this.#picker.stop();
    this.#connection.stop();
    clearTimeout(this.#settleTimer);
    clearInterval(this.#countdown);
    this.#othersTyping.stop();
    this.#life.abort();
  }

  // Building

  #makeConnection() {
    const settings = this.#settings;
    const options = {
      session: this.#session,
      endpoints: this.#endpoints,
      page: () => this.#context.page,
      position: () => this.#sequence.position,
      onFrame: (frame) => this.#receive(frame),
      onChange: () => this.#connectionChanged(),
      onLost: (end) => this.#connectionLost(end),
      isOwed: () => this.#isOwed(),
      isSeen: () => this.#isSeen,
      isShared: settings.share === 'tabs' && settings.session === 'browser',
      lockName: () => `${settings.storageKey}:${this.#session.id}`,
      signal: this.#life.signal,
    };
    return new Connection(options, this.#tab);
  }

  #build() {
    const { signal } = this.#life;
    this.#ratings = new Ratings(this.#tab, {
      send: (id, value) => this.#rate(id, value),
      announce: (text) => this.#attention.announce(text),
    });
    this.#list = new MessageList({
      choose: (text, choice) => this.#submit(text, choice),
      retry: (id) => this.#outbox.retry(id),
      remove: (id) => (this.#outbox.remove(id), this.#list.remove(id)),
      stop: (replyId) => this.#connection.send({ type: 'stop', replyId }),
      ask: (text) => this.#submit(text),
      older: (seq) => this.#showOlder(seq),
      rating: (id) => this.#ratings.node(id),
    });
    this.#composer = new Composer({
      submit: (text) => this.#submit(text),
      onDraft: (draft) => this.#tab.write({ draft }),
      onTyping: (isTyping) => (isTyping ? this.#ownTyping.pressed() : this.#ownTyping.stopped()),
      draft: String(this.#tab.read().draft ?? ''),
    });
    this.#composer.showExtras(this.#pickButton());
    this.#context = new PageContext(this.#settings.context.filter((part) => part !== 'element'));
    this.#picker = new Picker(this.#host, {
      picked: (place) => this.#picked(place),
      announce: (text) => this.#attention.announce(text),
      ended: () => this.#panel.isOpen && this.#composer.focus(),
    });
    this.#sound = new Sound(this.#settings.sound, this.#record);
    this.#panel = new Panel({
      emblem: this.#launcher.node.querySelector('svg').cloneNode(true),
      list: this.#list,
      person: this.#person,
      composer: this.#composer,
      context: this.#context.node,
      onClose: () => this.close(),
      onSound: () => (this.#sound.toggle(), this.#showSound()),
    });
    this.#showSound();
    this.#launcher.node.after(this.#panel.node);
    this.#attention = new Attention({
      settings: this.#settings, launcher: this.#launcher, host: this.#host, record: this.#record,
      isOpen: () => this.#panel.isOpen, isSeen: () => this.#isSeen, play: () => this.#play(), signal,
    });
    this.#back = new BackButton(this.#settings.back === 'close', () => this.close(), signal);
    document.addEventListener('visibilitychange', () => this.#seen(), { signal });
    followViewport(this.#host, signal);
  }

  #pickButton() {
    if (!this.#settings.context.includes('element')) return '';
    return makeButton(() => this.startPicker(), { class: 'chip small' }, icons.place(), say('pick'));
  }

  #picked(place) {
    this.#context.setElement(place);
    const name = place.text || place.selector;
    const unpick = () => {
      this.#context.setElement(null);
      this.#composer.showExtras(this.#pickButton());
      this.#composer.focus();
    };
    const remove = makeButton(unpick, { class: 'plain small', 'aria-label': say('unpick') }, icons.close());
    const picked = say('picked', { name });
    this.#composer.showExtras(element('span', { class: 'place' }, element('bdi', {}, picked), remove));
    this.#attention.announce(picked);
    emit('context:preview', {});
  }

  #showSound() {
    this.#panel.setSound(this.#sound.isOn, this.#sound.isOffered);
  }

  /** From the composer or a choice. Returns false if the text was not taken and has to stay. */
  #submit(text, choice) {
    this.#sound.arm();
    if (this.#outbox.isFull) {
      this.#composer.say(say('outboxFull'));
      return false;
    }
    // What fails later is shown at the message itself.
    this.send(text, { choice }).catch(() => {});
    return true;
  }

  // Frames from the server

  #receive(frame) {
    switch (frame.type) {
      case 'user':
      case 'claude':
      case 'system':
        if (frame.event === 'welcome') this.#welcomed(frame);
        else if (isDurable(frame)) this.#receiveDurable(frame);
        break;
      case 'ack':
        this.#acknowledged(frame);
        break;
      case 'error':
        this.#refused(frame);
        break;
      case 'typing':
        if (frame.state === 'start') this.#othersTyping.start(frame.author ?? {}, frame.expiresMs);
        else this.#othersTyping.stop();
        break;
      case 'reply.start':
        this.#replyStarted(frame);
        break;
      case 'reply.delta':
        this.#list.extendReply(frame);
        break;
      case 'reply.end':
        this.#list.endReply(frame);
        emit('reply:end', { id: frame.replyId, finish: frame.finish ?? 'complete' });
        break;
      case 'ping':
        this.#pinged(frame);
        break;
      case 'refreshed':
        this.#session.keepFresh(frame.expiresIn);
        break;
      case 'reconnect':
        this.#connection.holdOff(frame.afterMs);
        break;
      case 'conversation':
        this.#conversation = String(frame.state);
        this.#agent = frame.agent ?? null;
        this.#showPerson();
        emit('conversation', { state: this.#conversation });
        break;
      default: // Types may be added at any time; what isn't known is not for this version.
    }
  }

  #welcomed(frame) {
    if (this.#sequence.welcome(frame)) {
      this.#list.clear();
      this.#oldestAsked = 0;
      this.#quietUntil = frame.top ?? 0;
      this.#showUnsent();
    }
    this.#lateTops = 0;
    this.#session.keepFresh(frame.expiresIn);
    if (frame.conversation) this.#conversation = String(frame.conversation);
    const offers = (feature) => Array.isArray(frame.features) && frame.features.includes(feature);
    this.#list.isRatable = offers('feedback');
    this.#agent = frame.agent ?? null;
    this.#offersPerson = offers('person');
    this.#showPerson();
    if (frame.limits?.message > 0) this.#composer.limit = frame.limits.message;
    this.#outbox.connected();
    if (frame.top > 0) this.#seen({ epoch: frame.epoch, seq: frame.top });
  }

  #showPerson() {
    this.#person.show(this.#conversation, { isOffered: this.#offersPerson, agent: this.#agent });
  }

  #askForPerson() {
    this.#connection.send({ type: 'conversation', state: 'waiting' });
    // The button goes with the answer, and must not take the focus along.
    this.#composer.focus();
  }

  /** What the server has shown but not acknowledged may be lost with its memory: it's unsent again. */
  #showUnsent() {
    for (const entry of this.#outbox.entries) if (!this.#list.has(entry.id)) this.#list.showOwn(entry);
  }

  #receiveDurable(frame) {
    const ready = this.#sequence.accept(frame);
    const isForeign = frame.epoch !== this.#sequence.position?.epoch;
    if (isForeign || this.#sequence.hasGap) this.#resume();
    for (const message of ready) this.#show(message);
    this.#settle();
  }

  #show(frame) {
    const isNew = frame.seq > this.#quietUntil;
    this.#list.show(frame);
    if (frame.type === 'user') return;
    this.#othersTyping.stop();
    this.#askedAt = 0;
    if (isNew) this.#attention.arrived(frame);
    const { id, seq, author = null, inReplyTo = null, message } = frame;
    emit('message:received', { id, seq, author, inReplyTo, ...(this.#settings.events === 'text' ? { text: message } : {}) });
  }

  #replyStarted(frame) {
    this.#othersTyping.stop();
    this.#list.startReply(frame);
    emit('reply:start', { id: frame.replyId, inReplyTo: frame.inReplyTo ?? null });
  }

  #acknowledged({ id, seq }) {
    const entry = this.#outbox.acknowledge(id);
    if (!entry) return;
    this.#list.confirm(id, seq);
    this.#settled(id)?.resolve(Object.freeze({ id, seq }));
    emit('message:sent', { id, seq });
    this.#settle();
  }

  #refused(frame) {
    const error = { code: String(frame.code), temporary: frame.temporary === true, retryAfterMs: frame.retryAfterMs };
    emit('error', { code: error.code, temporary: error.temporary });
    if (frame.id !== undefined) this.#outbox.refuse(frame.id, error);
    // A frame that can't be read has no id to name; the one in flight is the only one it can be.
    else if (['bad_json', 'too_large'].includes(error.code)) this.#outbox.refuseCurrent(error);
  }

  #typingChanged(state, author) {
    const name = author.name || say('assistant');
    this.#list.setTyping(state === 'start' ? name : null);
    if (state === 'start' && this.#panel.isOpen) this.#attention.announce(say('typing', { name }));
    if (state === 'stop') this.#settle();
    emit('typing', { state, author: Object.freeze({ ...author }) });
  }

  #pinged({ epoch, top }) {
    this.#connection.send({ type: 'pong' });
    const { position } = this.#sequence;
    if (!position) return;
    // One ping may overtake a message on its way; a second one means that it was lost.
    this.#lateTops = epoch !== position.epoch || top > position.seq ? this.#lateTops + 1 : 0;
    if (this.#lateTops >= 2) this.#resume();
  }

  #resume() {
    const { position } = this.#sequence;
    if (!position || this.#resumeTimer) return;
    const wait = Math.max(0, this.#lastResume + Chat.resumeInterval - performance.now());
    this.#resumeTimer = setTimeout(() => {
      this.#resumeTimer = 0;
      this.#lastResume = performance.now();
      const { epoch, seq } = this.#sequence.position ?? position;
      this.#connection.send({ type: 'resume', epoch, since: seq });
    }, wait);
  }

  #deliveryChanged(entry) {
    this.#list.setDelivery(entry.id, entry.state, entry.code);
    if (entry.state !== 'failed') return;
    this.#settled(entry.id)?.reject(failure(entry.code, reasonFor(entry.code, 'otherReason')));
    emit('message:failed', { id: entry.id, code: entry.code, retryable: true });
  }

  #settled(id) {
    const settle = this.#promises.get(id);
    this.#promises.delete(id);
    return settle;
  }

  // The connection

  /** Another conversation: nothing of the old one stays but what was never sent. */
  #replaced(reason) {
    this.#sequence.forget();
    this.#list.clear();
    this.#showUnsent();
    this.#wasReplaced = reason === 'expired';
    this.#attention.clear();
    this.#connection.startAnew();
    this.#showNotice();
  }

  #connectionLost({ code }) {
    if (code === 'too_large') this.#outbox.refuseCurrent({ code, temporary: false });
    this.#outbox.disconnected();
    this.#othersTyping.stop();
    this.#list.dropReplies();
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = 0;
  }

  #connectionChanged() {
    this.#panel.setStatus(this.#connection.status);
    this.#launcher.update(this.#panel.isOpen, this.#attention.unread);
    clearInterval(this.#countdown);
    this.#showNotice();
    if (this.#connection.state === 'waiting') this.#countdown = setInterval(() => this.#showNotice(), 1000);
    emit('connection', { state: this.#connection.state, transport: this.#connection.transport?.name ?? null });
  }

  #showNotice() {
    const { state, retryAt, lastError } = this.#connection;
    if (state === 'waiting') {
      const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
      this.#panel.setNotice(say('reconnectingIn', { seconds }), { label: say('now'), action: () => this.#connection.retryNow() });
    } else if (state === 'offline') {
      this.#panel.setNotice(say('offlineNotice'));
    } else if (state === 'stopped') {
      const reload = () => location.reload();
      this.#panel.setNotice(reasonFor(lastError?.code, 'ended'), { label: say('reload'), action: reload, isAlert: true });
    } else if (this.#wasReplaced) {
      const dismiss = () => ((this.#wasReplaced = false), this.#showNotice(), this.#composer.focus());
      this.#panel.setNotice(say('replaced'), { label: say('dismiss'), action: dismiss, isAlert: true });
    } else {
      this.#panel.setNotice(null);
    }
  }

  /** Whether something has still to come, so that a closed panel stays connected. */
  #isOwed() {
    if (this.#settings.background === 'off') return false;
    const awaitsPerson = ['waiting', 'human'].includes(this.#conversation) && Date.now() - this.#closedAt < Chat.personPatience;
    const awaitsReply = Date.now() - this.#askedAt < Chat.replyPatience;
    return this.#outbox.pending > 0 || this.#othersTyping.author !== null || awaitsReply || awaitsPerson;
  }

  /** An open panel is connected; a closed one as long as something is owed. */
  #settle() {
    clearTimeout(this.#settleTimer);
    if (this.#panel.isOpen || this.#settings.background === 'on') return;
    if (!this.#isOwed()) return this.#connection.stop();
    this.#connection.start();
    this.#settleTimer = setTimeout(() => this.#settle(), 1000);
  }

  get #isSeen() {
    return this.#panel.isOpen && document.visibilityState === 'visible';
  }

  /** A message is heard once, in the tab that has the connection; not while the visitor reads in another. */
  #play() {
    if (!this.#connection.isFollowing) this.#sound.play(this.#isSeen || this.#connection.isWatched);
  }

  /** The visitor sees the newest messages, or those up to a position. */
  #seen(position = this.#sequence.position) {
    if (!this.#isSeen) return;
    if (position) this.#attention.sawTo(position);
    else this.#attention.clear();
  }
}

function isDurable(frame) {
  return Number.isInteger(frame.seq) && typeof frame.id === 'string' && typeof frame.message === 'string' && typeof frame.epoch === 'string';
}
