/*
 * Claude Chat, the widget: one script tag puts the chat on a page.
 *
 *   <script async src="https://chat.example.com/claude-chat.js"></script>
 *
 * Attributes of the tag (default first):
 *   data-site      site name; without it the server's only site
 *   data-server    origin of the server; the script's own origin
 *   data-position  end | start
 *   data-theme     auto | light | dark
 *   data-hotkey    ctrl+shift+c | another with two modifiers | off
 *   data-session   browser | tab       which tabs are the same conversation
 *   data-context   page | none         what goes along with a message
 *   data-identity  a token of the site's that says who the visitor is
 *
 * From top to bottom: texts, settings, storage, session, order of messages, outbox, transports,
 * connection, the visible parts, the style sheet, and `Chat`, which plugs them together.
 *
 * Two rules hold everywhere. Text from anybody becomes a text node, never markup. And nothing here
 * decides about answers: the same text gets the same reply on every transport.
 */
(() => {
  'use strict';

  // A second tag, or a router that runs scripts again, must not make a second widget.
  const LOADED = Symbol.for('claude-chat');
  if (window[LOADED]) return;
  window[LOADED] = true;

  // Only valid while the script itself runs; null for a module, which then looks for its tag.
  const TAG = document.currentScript ?? document.querySelector('script[src*="claude-chat.js"]');

  // ---------------------------------------------------------------------------------- texts

  const TEXTS = {
    launcher: 'Chat',
    launcherUnread: (count) => (count === 1 ? 'Chat, 1 new message' : `Chat, ${count} new messages`),
    title: 'Chat with us',
    close: 'Close chat',
    log: 'Messages',
    welcomeTitle: 'How can we help?',
    welcomeText: 'Ask a question or describe what you see. The answer appears here.',
    placeholder: 'Write a message',
    composer: 'Message',
    send: 'Send',
    context: (page) => `Sent along: this page’s address, ${page}`,
    counter: (left) => (left >= 0 ? `${left} bytes left` : `${-left} bytes too long`),
    you: 'You',
    assistant: 'Assistant',
    system: 'Chat',
    today: 'Today',
    yesterday: 'Yesterday',
    typing: (name) => `${name} is typing`,
    newMessages: (count) => (count === 1 ? '1 new message' : `${count} new messages`),
    choices: 'Suggested answers',
    queued: 'Waiting for the connection',
    sending: 'Sending',
    failed: (reason) => `Not sent. ${reason}`,
    retry: 'Try again',
    copy: 'Copy',
    remove: 'Remove',
    status: {
      connected: 'Connected',
      slow: 'Connected (slow mode)',
      connecting: 'Connecting',
      reconnecting: 'Reconnecting',
      offline: 'Offline',
      closed: 'Closed',
    },
    reconnectingIn: (seconds) => `Reconnecting in ${seconds} s`,
    now: 'Now',
    offlineNotice: 'You are offline. Messages are sent when the connection is back.',
    reload: 'Reload',
    dismiss: 'OK',
    resetUnsent: 'Some messages have not been sent yet. Discard them?',
    replaced: 'The earlier conversation could not be continued. A new one has begun.',
    outboxFull: 'Too many messages wait for the connection. Your text is kept.',
    // Why a message was refused, or why the chat has stopped; by the server's code.
    reasons: {
      too_large: 'The message is too long.',
      rate_limited: 'Too many messages in a short time.',
      unauthorized: 'This conversation has expired. Reload the page to start a new one.',
      identity_refused: 'The site’s sign-in for the chat is not valid any more. Reload the page.',
      forbidden: 'This page may not use the chat.',
      revoked: 'This conversation was ended by the site.',
      protocol_error: 'The chat and its server do not understand each other. Reload the page.',
      connection_limit: 'The chat is open in too many tabs. Close one and reload the page.',
      ended: 'The server has ended the conversation. Reload the page to go on.',
    },
    otherReason: 'The server refused it.',
  };

  // --------------------------------------------------------------------------- small functions

  const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  /** 22 random base64url characters: 132 bits, so ids of two tabs never meet. */
  function randomId() {
    const bytes = crypto.getRandomValues(new Uint8Array(22));
    return Array.from(bytes, (byte) => BASE64URL[byte & 63]).join('');
  }

  /** The server's limits count bytes of UTF-8, not characters. */
  const byteLength = (text) => new TextEncoder().encode(text).length;

  /** An element with attributes; children are nodes or strings, and strings become text nodes. */
  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === 'function') node.addEventListener(key, value);
      else if (value === true) node.setAttribute(key, '');
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }

  /** Icons are built node by node: no image to load, and nothing that a content policy could refuse. */
  function icon(...paths) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    for (const data of paths) {
      const path = document.createElementNS(svg.namespaceURI, 'path');
      path.setAttribute('d', data);
      svg.append(path);
    }
    return svg;
  }

  const icons = {
    chat: () => icon('M20 11.5a7.5 7.5 0 0 1-7.5 7.5c-1.2 0-2.4-.3-3.4-.8L4 20l1.7-4.4A7.5 7.5 0 1 1 20 11.5Z', 'M9.2 11.5h.01M12.5 11.5h.01M15.8 11.5h.01'),
    close: () => icon('M6.5 6.5l11 11M17.5 6.5l-11 11'),
    down: () => icon('M6 9.5l6 6 6-6'),
    send: () => icon('M12 19V5M6 11l6-6 6 6'),
  };

  const warn = (text) => console.warn(`claude-chat: ${text}`);

  /** An error whose `code` a page can act upon. */
  function failure(code, text) {
    return Object.assign(new Error(text ?? code), { code });
  }

  // -------------------------------------------------------------------------------- settings

  const CHOICES = {
    position: ['end', 'start'],
    theme: ['auto', 'light', 'dark'],
    session: ['browser', 'tab'],
    context: ['page', 'none'],
  };

  /** What the tag says, checked once; an unknown value is a warning and the default. */
  class Settings {
    constructor(tag) {
      const data = tag?.dataset ?? {};
      this.site = data.site ?? '';
      this.server = Settings.#origin(data.server, tag?.src);
      this.identity = data.identity || null;
      this.hotkey = Hotkey.parse(data.hotkey ?? 'ctrl+shift+c');
      for (const name of Object.keys(CHOICES)) this[name] = Settings.#choice(name, data[name]);
    }

    /** Both storages use one key for each site, so that two sites on one origin stay apart. */
    get storageKey() {
      return `claude-chat:${this.site || 'default'}`;
    }

    static #choice(name, value) {
      const allowed = CHOICES[name];
      if (value === undefined || allowed.includes(value)) return value ?? allowed[0];
      warn(`data-${name}: unknown value "${value}"; use ${allowed.join(' or ')}`);
      return allowed[0];
    }

    static #origin(value, source) {
      try {
        if (value) return new URL(value, location.href).origin;
      } catch {
        warn(`data-server: "${value}" is no address; the script's own server is used`);
      }
      return source ? new URL(source, location.href).origin : location.origin;
    }
  }

  /** The key that toggles the panel. Two modifiers, so that typing on the page never hits it. */
  class Hotkey {
    static parse(text) {
      if (text === 'off') return null;
      const parts = text.toLowerCase().split('+').map((part) => part.trim());
      const key = parts.pop();
      const known = parts.every((part) => ['ctrl', 'shift', 'alt', 'meta'].includes(part));
      if (key && known && new Set(parts).size >= 2) return new Hotkey(key, new Set(parts));
      warn(`data-hotkey: "${text}" can't be used; write two of ctrl, shift, alt, meta and a key, or off`);
      return new Hotkey('c', new Set(['ctrl', 'shift']));
    }

    constructor(key, modifiers) {
      this.key = key;
      this.modifiers = modifiers;
    }

    matches(event) {
      // Cmd stands for Ctrl where people expect it.
      const apple = /Mac|iPhone|iPad/.test(navigator.platform);
      const ctrl = event.ctrlKey || (apple && event.metaKey);
      const meta = event.metaKey && !(apple && this.modifiers.has('ctrl'));
      const pressed = { ctrl, meta, shift: event.shiftKey, alt: event.altKey };
      if (!Object.entries(pressed).every(([name, down]) => down === this.modifiers.has(name))) return false;
      // On a layout without Latin letters the key's place counts instead of its letter.
      const typed = (event.key ?? '').toLowerCase();
      return typed === this.key || (!/^[a-z]$/.test(typed) && event.code === `Key${this.key.toUpperCase()}`);
    }
  }

  // --------------------------------------------------------------------------------- storage

  /** A JSON record in a browser storage. Where storage is denied or full, memory does until the page goes. */
  class StoredRecord {
    #area;
    #key;
    #memory = {};
    #isDenied = false;

    constructor(area, key) {
      this.#area = area;
      this.#key = key;
    }

    read() {
      if (this.#isDenied) return this.#memory;
      try {
        // The getter of `localStorage` itself may throw, hence the lookup by name in here.
        const value = JSON.parse(window[this.#area].getItem(this.#key) ?? '{}');
        return value && typeof value === 'object' ? value : {};
      } catch {
        return this.#memory;
      }
    }

    write(values) {
      this.#memory = { ...this.read(), ...values };
      try {
        window[this.#area].setItem(this.#key, JSON.stringify(this.#memory));
      } catch {
        this.#isDenied = true;
      }
    }
  }

  // --------------------------------------------------------------------------------- session

  /** The addresses of the server. */
  class Endpoints {
    #settings;

    constructor(settings) {
      this.#settings = settings;
    }

    session() {
      return this.#url('/api/chat/session');
    }

    messages() {
      return this.#url('/api/chat/messages');
    }

    poll(session, client, position, wait) {
      return this.#url('/api/chat/poll', { session, client, ...position, wait });
    }

    socket(session, page, position) {
      const url = new URL(this.#url('/ws/chat', { session, page, ...position }));
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      return url.href;
    }

    #url(path, query = {}) {
      const url = new URL(path, this.#settings.server);
      const { epoch, seq, ...rest } = query;
      for (const [name, value] of Object.entries(rest)) url.searchParams.set(name, value);
      // A position is both values or none.
      if (epoch !== undefined) {
        url.searchParams.set('epoch', epoch);
        url.searchParams.set('since', seq);
      }
      if (this.#settings.site && query.session) url.searchParams.set('site', this.#settings.site);
      return url.href;
    }
  }

  /**
   * The conversation's id and the tokens that open it.
   *
   * Id and refresh token are stored and shared by the browser's tabs. The access token stays in this
   * object: it's in no storage, no address and no property that a page can read. A server in
   * development mode may give none; then the id alone opens the conversation.
   */
  class Session {
    // A token is renewed when this part of its life is over, so that a slow renewal is still in time.
    static renewAfter = 0.8;

    id = null;
    /** Called when another conversation has taken the place of this one, with why: `expired` or `switched`. */
    onReplaced = () => {};
    /** Called when there is a new token for the conversation that is open. */
    onRenewed = () => {};
    #token = null;
    #expires = 0;
    #identity;
    #record;
    #endpoints;
    #settings;
    #channel = null;
    #renewal = null;
    #timer = 0;

    constructor(settings, endpoints) {
      this.#settings = settings;
      this.#endpoints = endpoints;
      this.#identity = settings.identity;
      this.#record = new StoredRecord(settings.session === 'tab' ? 'sessionStorage' : 'localStorage', settings.storageKey);
      this.id = this.#stored().session;
      if (settings.session === 'tab' || typeof BroadcastChannel !== 'function') return;
      this.#channel = new BroadcastChannel(settings.storageKey);
      this.#channel.onmessage = ({ data }) => this.#heard(data);
    }

    /** What a WebSocket offers beside the protocol's name. */
    get protocols() {
      return this.#token ? ['chat.v1', `bearer.${this.#token}`] : ['chat.v1'];
    }

    /** What an HTTP call carries. */
    get headers() {
      return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    }

    /** The frame that hands a live connection the new token. */
    get refreshFrame() {
      return { type: 'refresh', token: this.#token };
    }

    /** Makes sure that there is a conversation and a token that opens it. The answer is that of `renew`. */
    async ensure() {
      return this.id && this.#isFresh ? { outcome: 'ok' } : this.renew();
    }

    /** The server didn't take the token, whatever the clock says. */
    invalidate() {
      this.#expires = 0;
    }

    /**
     * Asks for the next tokens, or for a conversation if there is none.
     *
     * A browser hides why a WebSocket was refused; this answer says it. `outcome` is `ok`, `refused`
     * (asking again is useless), `busy` (later) or `unreachable`.
     */
    renew() {
      this.#renewal ??= this.#renewAlone().finally(() => (this.#renewal = null));
      return this.#renewal;
    }

    /** How long the token is good, or undefined without one. */
    get secondsLeft() {
      return this.#token ? (this.#expires - Date.now()) / 1000 / Session.renewAfter : undefined;
    }

    /** Keeps the token of a live connection good; `seconds` as the server's welcome says. */
    keepFresh(seconds) {
      clearTimeout(this.#timer);
      if (!(seconds > 0) || !this.#token) return;
      // Tabs whose tokens end together don't ask together.
      const spread = 1 - Math.random() * 0.05;
      this.#timer = setTimeout(() => this.#renewLive(), seconds * 1000 * Session.renewAfter * spread);
    }

    rest() {
      clearTimeout(this.#timer);
    }

    /** A visitor that the site vouches for: its token, or `{id, hash}`. Another subject is another conversation. */
    identify(identity) {
      this.#identity = identity;
      this.invalidate();
      return this.id ? this.renew() : { outcome: 'ok' };
    }

    /** Forgets the conversation here and in the browser's other tabs. */
    forget() {
      this.rest();
      this.#record.write({ session: null, refreshToken: null });
      this.#channel?.postMessage({ forget: true });
      this.id = this.#token = null;
    }

    get #isFresh() {
      return Date.now() < this.#expires;
    }

    async #renewLive() {
      const answer = await this.renew();
      if (answer.outcome === 'refused') return;
      // Until the token has run out there is time for more tries.
      if (answer.outcome !== 'ok') this.#timer = setTimeout(() => this.#renewLive(), Math.max(5000, answer.retryAfterMs ?? 0));
    }

    /** One tab at a time asks; the next one finds the token that the first was given. */
    async #renewAlone() {
      const before = this.#token;
      const ask = async () => (this.id && this.#token !== before && this.#isFresh ? { outcome: 'ok' } : this.#ask());
      return underLock(`${this.#settings.storageKey}:renewal`, ask);
    }

    async #ask() {
      const { session, refreshToken } = this.#stored();
      const answer = await this.#post({ session, refreshToken });
      if (answer.outcome !== 'refused' || answer.status !== 401 || !(session || refreshToken)) return answer;
      // The old conversation is out of reach for good. Better a new one than none.
      return this.#post({}, 'expired');
    }

    async #post({ session, refreshToken }, reason = 'switched') {
      const identity = this.#identity ?? undefined;
      const body = { site: this.#settings.site || undefined, session: session ?? undefined, refreshToken: refreshToken ?? undefined, identity };
      let response;
      try {
        response = await post(this.#endpoints.session(), body);
      } catch {
        return { outcome: 'unreachable', code: 'unreachable' };
      }
      if (response.ok && isSessionId(response.body.sessionId)) {
        // It's good for minutes only; from here on the refresh token knows the visitor.
        if (this.#identity === identity) this.#identity = null;
        this.#take(response.body, reason, true);
        return { outcome: 'ok' };
      }
      return { status: response.status, retryAfterMs: response.retryAfterMs, ...this.#refusal(response) };
    }

    #refusal({ ok, status, body }) {
      if (ok) return { outcome: 'busy', code: 'bad_answer' };
      const isFinal = status === 400 || status === 401 || status === 403;
      if (status === 403) return { outcome: 'refused', code: 'forbidden' };
      if (status === 401 && this.#identity) return { outcome: 'refused', code: 'identity_refused' };
      return { outcome: isFinal ? 'refused' : 'busy', code: String(body.code ?? `http_${status}`) };
    }

    #take({ sessionId, token, expiresIn, refreshToken }, reason, isOwn) {
      const replaced = this.id !== null && this.id !== sessionId;
      this.id = sessionId;
      this.#token = typeof token === 'string' && token !== '' ? token : null;
      this.#expires = this.#token ? Date.now() + (expiresIn > 0 ? expiresIn : 60) * 1000 * Session.renewAfter : Infinity;
      if (isOwn) {
        this.#record.write({ session: sessionId, refreshToken: refreshToken ?? null });
        this.#channel?.postMessage({ sessionId, token, expiresIn });
      }
      if (replaced) this.onReplaced(reason);
      else if (this.#token) this.onRenewed();
    }

    /** Another tab was given a token, or has ended the conversation. */
    #heard(data) {
      if (data?.forget) {
        this.id = this.#token = null;
        this.onReplaced('switched');
      } else if (isSessionId(data?.sessionId) && this.id) {
        this.#take(data, 'switched', false);
      }
    }

    #stored() {
      const { session, refreshToken } = this.#record.read();
      return { session: isSessionId(session) ? session : null, refreshToken: typeof refreshToken === 'string' ? refreshToken : null };
    }
  }

  /** Runs something while no other tab does. Where there are no locks, or none to be had, it runs all the same. */
  async function underLock(name, body) {
    let hasBegun = false;
    const begin = () => ((hasBegun = true), body());
    if (!navigator.locks) return body();
    try {
      return await navigator.locks.request(name, { signal: AbortSignal.timeout(12_000) }, begin);
    } catch (error) {
      if (hasBegun) throw error;
      return body();
    }
  }

  const isSessionId = (id) => typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id);

  /** POSTs JSON. Throws if there is no answer at all; `body` is `{}` if the answer isn't a JSON object. */
  async function post(url, value, headers = {}) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(value),
      credentials: 'omit',
      signal: AbortSignal.timeout(10_000),
    });
    const body = await response.json().catch(() => null);
    const seconds = Number(response.headers.get('Retry-After'));
    return {
      ok: response.ok,
      status: response.status,
      body: body && typeof body === 'object' ? body : {},
      retryAfterMs: body?.retryAfterMs ?? (seconds > 0 ? seconds * 1000 : 0),
    };
  }

  // ------------------------------------------------------------------------- order of messages

  /**
   * The order of durable messages: what to show, what to drop, what to hold until a gap is filled.
   *
   * The position is kept with the list that it describes, in memory: a new page has no list, asks
   * without a position, and gets the last messages. Epoch and seq are one value, never mixed.
   */
  class Sequence {
    /** `{epoch, seq}` of the last message handed out, or null. */
    position = null;
    #held = new Map();

    get hasGap() {
      return this.#held.size > 0;
    }

    /** Takes a welcome. Returns true if a snapshot follows, so that the list has to start anew. */
    welcome({ epoch, top, recovered, replayed = 0 }) {
      if (recovered && this.position?.epoch === epoch) return false;
      this.#held.clear();
      this.position = typeof epoch === 'string' ? { epoch, seq: top - replayed } : null;
      return true;
    }

    forget() {
      this.#held.clear();
      this.position = null;
    }

    /** Takes a message. Returns the messages that are to be shown now, in order. */
    accept(frame) {
      const { position } = this;
      // A message of another run is never paired with this position; the caller resumes instead.
      if (!position || frame.epoch !== position.epoch) return [];
      if (frame.seq <= position.seq) return [];
      this.#held.set(frame.seq, frame);
      const ready = [];
      for (let next; (next = this.#held.get(this.position.seq + 1)); ) {
        this.#held.delete(next.seq);
        this.position = { epoch: position.epoch, seq: next.seq };
        ready.push(next);
      }
      return ready;
    }
  }

  // ---------------------------------------------------------------------------------- outbox

  /**
   * Messages that the server has not acknowledged yet.
   *
   * One is in flight at a time: so the order of typing holds even if one is refused for a moment and
   * sent again, and a long queue doesn't run into the rate limit. A retry has the same id, which the
   * server knows, on any transport.
   */
  class Outbox {
    static capacity = 50;
    // Twice the server's own limit for storing a message: after it the connection counts as dead.
    static ackTimeout = 10_000;

    #entries;
    #record;
    #actions;
    #isOnline = false;
    #timer = 0;

    /** `actions`: transmit(entry), changed(entry) at each new state, missed() if an ack doesn't come. */
    constructor(record, actions) {
      this.#record = record;
      this.#actions = actions;
      const stored = record.read().outbox;
      const isEntry = (entry) => typeof entry?.id === 'string' && typeof entry.message === 'string';
      this.#entries = (Array.isArray(stored) ? stored : []).filter(isEntry).slice(0, Outbox.capacity);
      for (const entry of this.#entries) if (entry.state !== 'failed') entry.state = 'queued';
    }

    get entries() {
      return this.#entries;
    }

    /** Messages that the server still owes an answer. */
    get pending() {
      return this.#entries.filter((entry) => entry.state !== 'failed').length;
    }

    get isFull() {
      return this.#entries.length >= Outbox.capacity;
    }

    add(entry) {
      this.#entries.push(entry);
      this.#move(entry, 'queued');
      this.#next();
    }

    /** The connection has been welcomed: everything left goes out again, in order. */
    connected() {
      this.#isOnline = true;
      this.#next();
    }

    disconnected() {
      this.#isOnline = false;
      clearTimeout(this.#timer);
      for (const entry of this.#entries) if (entry.state === 'sending') this.#move(entry, 'queued');
    }

    /** The server has the message. Returns its entry, or undefined if it was not waiting. */
    acknowledge(id) {
      const entry = this.#take(id);
      if (entry) this.#next();
      return entry;
    }

    /** The server refused the message: for now, with `temporary`, or for good. */
    refuse(id, { code, temporary, retryAfterMs }) {
      const entry = this.#entries.find((candidate) => candidate.id === id);
      if (!entry) return;
      entry.code = code;
      this.#move(entry, temporary ? 'queued' : 'failed');
      clearTimeout(this.#timer);
      if (temporary) this.#timer = setTimeout(() => this.#next(), retryAfterMs || 1000);
      else this.#next();
    }

    /** The frame in flight was refused without a word about which it was. */
    refuseCurrent(error) {
      const current = this.#entries.find((entry) => entry.state === 'sending');
      if (current) this.refuse(current.id, error);
    }

    retry(id) {
      const entry = this.#take(id);
      if (entry) this.add(entry);
    }

    remove(id) {
      return this.#take(id);
    }

    #next() {
      clearTimeout(this.#timer);
      if (!this.#isOnline || this.#entries.some((entry) => entry.state === 'sending')) return;
      const entry = this.#entries.find((candidate) => candidate.state === 'queued');
      if (!entry) return;
      this.#move(entry, 'sending');
      this.#timer = setTimeout(() => this.#actions.missed(), Outbox.ackTimeout);
      this.#actions.transmit(entry);
    }

    #take(id) {
      const index = this.#entries.findIndex((entry) => entry.id === id);
      if (index < 0) return undefined;
      const [entry] = this.#entries.splice(index, 1);
      this.#save();
      return entry;
    }

    #move(entry, state) {
      entry.state = state;
      this.#save();
      this.#actions.changed(entry);
    }

    #save() {
      this.#record.write({ outbox: this.#entries });
    }
  }

  // ------------------------------------------------------------------------------ transports
  //
  // A transport has connect(), send(frame), close() and hands out frames. `onEnd` comes once, and
  // never after close(). Its argument: `code`, a word for what happened; `afterMs`, the least time
  // to wait; `isFinal` if another try is useless; `isRefused` if it was cut before the welcome without
  // a close frame, which is all that a script sees of a refused handshake.

  /** Close codes of the server as the words that a person would search for. */
  const CLOSE_CODES = {
    1000: 'ended', 1001: 'server_stopped', 1002: 'protocol_error', 1003: 'protocol_error', 1006: 'connection_lost',
    1007: 'protocol_error', 1008: 'policy', 1009: 'too_large', 1011: 'internal_error', 4401: 'token_expired',
    4408: 'slow_consumer', 4409: 'position_lost', 4410: 'server_drains', 4429: 'rate_limited', 4451: 'revoked',
    4452: 'forbidden', 4453: 'protocol_error', 4454: 'connection_limit',
  };

  /** Whether a close code says that trying again is useless. Unknown codes are tried again. */
  function isFinalClose(code) {
    return [1000, 1002, 1003, 1007].includes(code) || (code >= 4450 && code <= 4499);
  }

  class WebSocketTransport {
    static welcomeTimeout = 4000;

    name = 'websocket';
    socket = null;
    #options;
    #timer = 0;
    #isWelcomed = false;
    #silence = 40_000;

    constructor(options) {
      this.#options = options;
    }

    connect() {
      const { endpoints, session, page, position } = this.#options;
      try {
        this.socket = new WebSocket(endpoints.socket(session.id, page, position()), session.protocols);
      } catch {
        // A page's policy may forbid sockets altogether. Later, since the caller isn't ready yet.
        queueMicrotask(() => this.#end({ code: 'forbidden_by_page', isRefused: true }));
        return;
      }
      this.#timer = setTimeout(() => this.#end({ code: 'no_welcome' }), WebSocketTransport.welcomeTimeout);
      this.socket.onmessage = (event) => this.#receive(event.data);
      this.socket.onclose = (event) => this.#closed(event);
    }

    send(frame) {
      this.socket.send(JSON.stringify(frame));
    }

    close() {
      if (!this.socket) return;
      this.#detach();
      this.socket.close(1000);
    }

    #receive(data) {
      if (typeof data !== 'string') return;
      // Several objects may share one frame, a line each.
      const frames = data.split('\n').map(parseObject).filter(Boolean);
      for (const frame of frames) {
        if (frame.event === 'welcome') this.#welcomed(frame);
        // A handler may have closed this transport meanwhile.
        if (this.socket.onmessage) this.#options.onFrame(frame);
      }
      if (this.socket.onmessage && this.#isWelcomed) this.#expectLife();
    }

    #welcomed({ heartbeat = 25 }) {
      this.#isWelcomed = true;
      this.#silence = (heartbeat + 15) * 1000;
    }

    /** A cut cable sends no close. The server pings, so silence means that the connection is dead. */
    #expectLife() {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#end({ code: 'silence' }), this.#silence);
    }

    #closed({ code, reason }) {
      const afterMs = Number(/; afterMs=(\d{1,7})/.exec(reason)?.[1] ?? 0);
      const isRefused = code === 1006 && !this.#isWelcomed;
      const word = isRefused ? 'handshake_refused' : CLOSE_CODES[code] ?? `close_${code}`;
      this.#end({ code: word, afterMs, isFinal: isFinalClose(code), isRefused });
    }

    #end(end) {
      this.#detach();
      this.socket?.close();
      this.#options.onEnd(end);
    }

    #detach() {
      clearTimeout(this.#timer);
      if (this.socket) this.socket.onmessage = this.socket.onclose = null;
    }
  }

  /** Long-poll for what comes, POST for what goes. Makes the same frames as the WebSocket. */
  class PollTransport {
    static wait = 25;

    name = 'poll';
    socket = null;
    #options;
    #client = randomId();
    #abort = new AbortController();

    constructor(options) {
      this.#options = options;
    }

    connect() {
      this.#run();
    }

    close() {
      this.#abort.abort();
    }

    send(frame) {
      // Only messages travel: each poll carries the position, so resume and pong have no use here.
      if (frame.type === 'user') this.#post(frame);
    }

    async #run() {
      for (let isFirst = true; !this.#abort.signal.aborted; isFirst = false) {
        const sent = this.#options.position();
        const started = performance.now();
        // The first answer is the welcome and must not wait for news.
        const answer = await this.#poll(sent, isFirst ? 0 : PollTransport.wait);
        if (!answer || this.#abort.signal.aborted) return;
        this.#handOut(answer, sent, isFirst);
        const isEmpty = answer.items.length === 0;
        if (isEmpty && !isFirst && performance.now() - started < 1000) await this.#pause(1000);
      }
    }

    /** One poll. Returns the answer with `items`, or null after an end. */
    async #poll(position, wait) {
      const response = await this.#fetch(position, wait).catch(() => null);
      if (!response) {
        this.#end({ code: 'unreachable' });
        return null;
      }
      if (response.status === 204) return { epoch: position?.epoch, top: position?.seq, recovered: Boolean(position), items: [] };
      const body = await response.json().catch(() => ({}));
      if (response.ok && Array.isArray(body.items)) return body;
      const seconds = Number(response.headers.get('Retry-After')) || 0;
      const code = response.status === 401 ? 'token_expired' : body.code ?? `http_${response.status}`;
      this.#end({ code, isFinal: response.status === 403, afterMs: body.retryAfterMs ?? seconds * 1000 });
      return null;
    }

    #fetch(position, wait) {
      const { endpoints, session } = this.#options;
      const timeout = AbortSignal.timeout((wait + 10) * 1000);
      const signal = AbortSignal.any([this.#abort.signal, timeout]);
      const url = endpoints.poll(session.id, this.#client, position, wait);
      return fetch(url, { headers: session.headers, credentials: 'omit', cache: 'no-store', signal });
    }

    /** The first answer, a reset, and any answer to a poll without a position are snapshots: a welcome comes before them. */
    #handOut(answer, sent, isFirst) {
      if (isFirst || answer.reset || (!sent && answer.epoch)) {
        const durable = answer.items.filter((item) => Number.isInteger(item.seq));
        const top = durable.length > 0 ? durable[durable.length - 1].seq : answer.top;
        const { epoch, recovered = false, reset = false } = answer;
        const expiresIn = this.#options.session.secondsLeft;
        this.#deliver({ type: 'system', event: 'welcome', epoch, top, recovered, reset, replayed: durable.length, expiresIn });
      }
      for (const item of answer.items) this.#deliver(item);
    }

    async #post(frame) {
      const { endpoints, session } = this.#options;
      const response = await post(endpoints.messages(), { ...frame, sessionId: session.id }, session.headers).catch(() => null);
      if (!response) return this.#end({ code: 'unreachable' });
      if (response.status === 401) return this.#end({ code: 'token_expired' });
      if (response.ok) return this.#deliver(response.body);
      const temporary = response.body.temporary ?? (response.status === 429 || response.status >= 500);
      this.#deliver({ code: `http_${response.status}`, ...response.body, type: 'error', id: frame.id, temporary, retryAfterMs: response.retryAfterMs });
    }

    #deliver(frame) {
      if (!this.#abort.signal.aborted) this.#options.onFrame(frame);
    }

    #pause(milliseconds) {
      return new Promise((resolve) => setTimeout(resolve, milliseconds));
    }

    #end(end) {
      if (this.#abort.signal.aborted) return;
      this.#abort.abort();
      this.#options.onEnd(end);
    }
  }

  /** The JSON object in a line, or null. A broken line is a gap, and a gap is asked for again. */
  function parseObject(line) {
    try {
      const value = JSON.parse(line);
      return value && typeof value === 'object' && !Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  }

  // ------------------------------------------------------------------------------ connection

  /**
   * Keeps a connection while one is wanted: picks the transport, waits between tries, stops where a
   * try is useless. `state` is `idle`, `connecting`, `online`, `waiting`, `offline` or `stopped`.
   */
  class Connection {
    static stableAfter = 5000;
    static socketRetryAfter = 300_000;

    state = 'idle';
    transport = null;
    lastError = null;
    /** Time of the next try while `waiting`. */
    retryAt = 0;
    #options;
    #record;
    #isWanted = false;
    #wentOffline = false;
    #hasBeenOnline = false;
    #tries = 0;
    #refusals = 0;
    #isHTTPProven = false;
    #floor = 0;
    // Outdates what an earlier try is still waiting for.
    #round = 0;
    #timer = 0;
    #stableTimer = 0;
    #trial = null;
    #trialTimer = 0;

    /** `options`: session, endpoints, page(), position(), onFrame(frame), onChange(), onLost(end), isOwed(). */
    constructor(options, record) {
      this.#options = options;
      this.#record = record;
      addEventListener('online', () => this.#cameOnline());
      addEventListener('offline', () => this.#lostNetwork());
      addEventListener('pageshow', (event) => event.persisted && this.retryNow());
      // An open socket keeps a page out of the back-forward cache.
      addEventListener('pagehide', () => this.#suspend());
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible' && this.state === 'waiting') this.retryNow();
      });
    }

    get isOnline() {
      return this.state === 'online';
    }

    /** What the status line says, as a key of the texts. */
    get status() {
      if (this.state === 'online') return this.transport.name === 'websocket' ? 'connected' : 'slow';
      if (this.state === 'offline') return 'offline';
      if (this.state === 'idle' || this.state === 'stopped') return 'closed';
      return this.#hasBeenOnline || this.#tries > 0 ? 'reconnecting' : 'connecting';
    }

    start() {
      if (this.#isWanted) return;
      this.#isWanted = true;
      this.#hasBeenOnline = false;
      this.#tries = this.#refusals = 0;
      this.#attempt();
    }

    /** Closes with code 1000. */
    stop() {
      if (!this.#isWanted) return;
      this.#isWanted = false;
      this.#drop();
      this.#set('idle');
    }

    retryNow() {
      if (this.#isWanted && !this.isOnline && this.state !== 'stopped') this.#attempt();
    }

    /** Another conversation has taken the place of the one that was connected. */
    startAnew() {
      if (!this.#isWanted) return;
      this.#options.onLost({});
      this.#attempt();
    }

    /** The connection looks alive but does nothing. */
    renew() {
      if (this.isOnline) this.#ended(this.transport, { code: 'no_ack' });
    }

    send(frame) {
      if (this.isOnline) this.transport.send(frame);
    }

    /** The server asks to come back no earlier than this; it closes the connection itself. */
    holdOff(milliseconds) {
      if (milliseconds > 0) this.#floor = milliseconds;
    }

    async #attempt() {
      this.#drop();
      const round = this.#round;
      this.#set('connecting');
      const answer = await this.#options.session.ensure();
      if (round !== this.#round) return;
      if (answer.outcome !== 'ok') return this.#refused(answer);
      this.#use(this.#prefersPoll() ? PollTransport : WebSocketTransport);
    }

    #use(Transport) {
      const transport = this.#make(Transport, {
        onFrame: (frame) => this.#receive(frame),
        onEnd: (end) => this.#ended(transport, end),
      });
      this.transport = transport;
      transport.connect();
    }

    #make(Transport, handlers) {
      const { endpoints, session, page, position } = this.#options;
      return new Transport({ endpoints, session, page: page(), position, ...handlers });
    }

    #receive(frame) {
      if (frame.event === 'welcome' && !this.isOnline) this.#welcomed();
      this.#options.onFrame(frame);
    }

    #welcomed() {
      this.#hasBeenOnline = true;
      this.#refusals = this.#floor = 0;
      this.#isHTTPProven = false;
      // A socket that opens and fails at once must not reset the backoff.
      this.#stableTimer = setTimeout(() => (this.#tries = 0), Connection.stableAfter);
      if (this.transport.name === 'poll') this.#trialTimer = setInterval(() => this.#trySocket(), Connection.socketRetryAfter);
      this.#set('online');
    }

    async #ended(transport, end) {
      if (transport !== this.transport) return;
      const wasOnline = this.isOnline;
      this.#drop();
      const round = this.#round;
      this.#note(end.code);
      if (end.code === 'token_expired') this.#options.session.invalidate();
      this.#floor = Math.max(this.#floor, end.afterMs ?? 0);
      this.#options.onLost(end);
      if (end.isFinal) return this.#set('stopped');
      this.#set('connecting');
      if (!wasOnline && transport.name === 'websocket' && (await this.#hasNextStep(end, round))) return;
      if (round === this.#round) this.#wait();
    }

    /**
     * After a socket that got no welcome: asks over HTTP why, and falls back if HTTP works.
     *
     * A refused handshake is tried once more after HTTP has answered. Otherwise a server that comes
     * up just between the two would be taken for one that refuses sockets.
     */
    async #hasNextStep(end, round) {
      if (!end.isRefused && end.code !== 'no_welcome') return false;
      if (end.isRefused) {
        this.#refusals += 1;
        if (this.#refusals < 2) return false;
        if (this.#isHTTPProven) return this.#fallBack();
      }
      const answer = await this.#options.session.renew();
      if (round !== this.#round) return true;
      if (answer.outcome !== 'ok') {
        this.#isHTTPProven = false;
        this.#refused(answer);
        return true;
      }
      if (!end.isRefused) return this.#fallBack();
      this.#isHTTPProven = true;
      this.#attempt();
      return true;
    }

    #fallBack() {
      this.#record.write({ poll: Date.now() });
      this.#attempt();
      return true;
    }

    /** The choice holds for the tab, but not for ever. */
    #prefersPoll() {
      const age = Date.now() - this.#record.read().poll;
      return age >= 0 && age < Connection.socketRetryAfter;
    }

    #refused({ outcome, code, retryAfterMs }) {
      this.#note(code);
      if (outcome === 'refused') return this.#set('stopped');
      this.#floor = Math.max(this.#floor, retryAfterMs ?? 0);
      this.#wait();
    }

    /** Full jitter, so that the tabs of a restarted server don't come back in step. */
    #wait() {
      const most = Math.min(20_000, 300 * 2 ** this.#tries);
      const delay = Math.max(100, this.#floor, Math.random() * most);
      this.#tries += 1;
      this.#floor = 0;
      // Nobody looks and nothing is owed: wait for the page to be shown again.
      const isPaused = document.visibilityState === 'hidden' && !this.#options.isOwed();
      this.retryAt = Date.now() + delay;
      if (!isPaused && !this.#wentOffline) this.#timer = setTimeout(() => this.#attempt(), delay);
      this.#set(this.#wentOffline ? 'offline' : 'waiting');
    }

    /** Tries the WebSocket beside a working poll and changes over at its welcome, so that nobody waits for it. */
    #trySocket() {
      if (this.#trial || this.transport?.name !== 'poll') return;
      const trial = this.#make(WebSocketTransport, {
        onFrame: (frame) => {
          if (this.#trial === trial) this.#changeOver(trial);
          if (this.transport === trial) this.#receive(frame);
        },
        onEnd: (end) => (this.#trial === trial ? (this.#trial = null) : this.#ended(trial, end)),
      });
      this.#trial = trial;
      trial.connect();
    }

    #changeOver(trial) {
      this.#trial = null;
      clearInterval(this.#trialTimer);
      this.transport.close();
      this.transport = trial;
      this.#record.write({ poll: null });
      // What was on its way by POST is sent again with the same id.
      this.#options.onLost({});
      this.#set('online');
    }

    // `navigator.onLine` isn't asked: it is false on a machine whose only network is its own.
    #lostNetwork() {
      this.#wentOffline = true;
      if (!this.#isWanted || this.state === 'stopped') return;
      this.#drop();
      this.#note('offline');
      this.#options.onLost({});
      this.#set('offline');
    }

    #cameOnline() {
      this.#wentOffline = false;
      if (this.isOnline) this.#trySocket();
      else this.retryNow();
    }

    #suspend() {
      if (!this.#isWanted) return;
      const { state } = this;
      this.#drop();
      this.#options.onLost({});
      if (state !== 'stopped') this.#set('waiting');
    }

    #drop() {
      this.#round += 1;
      clearTimeout(this.#timer);
      clearTimeout(this.#stableTimer);
      clearInterval(this.#trialTimer);
      this.#options.session.rest();
      this.#trial?.close();
      this.transport?.close();
      this.#trial = this.transport = null;
    }

    #note(code) {
      this.lastError = Object.freeze({ code, time: new Date().toISOString() });
    }

    #set(state) {
      this.state = state;
      this.#options.onChange();
    }
  }

  // ---------------------------------------------------------------------------- visible parts

  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
  const calendar = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

  /** The list of messages, ordered by seq, with the unsent ones at its end. */
  class MessageList {
    static mostEntries = 300;
    // One author's messages within this time share one heading.
    static groupTime = 300_000;

    #entries = [];
    #list = element('ol', { class: 'messages' });
    #choices = element('div', { class: 'choices', role: 'group', 'aria-label': TEXTS.choices, hidden: true });
    #empty = element(
      'div',
      { class: 'empty' },
      element('p', { class: 'empty-title' }, TEXTS.welcomeTitle),
      element('p', {}, TEXTS.welcomeText),
    );
    #unseen = 0;
    #isFollowing = true;
    #actions;
    #more = element('button', { class: 'more', type: 'button', hidden: true, click: () => this.scrollToEnd() });
    #typing = element('div', { class: 'typing', hidden: true });
    #scroller;
    node;

    /** `actions`: choose(choice), retry(id), remove(id). */
    constructor(actions) {
      this.#actions = actions;
      // Live, but silent: history must not be read out. New messages are announced once, elsewhere.
      this.#scroller = element(
        'div',
        { class: 'log', part: 'log', role: 'log', 'aria-live': 'off', 'aria-label': TEXTS.log, tabindex: '0', scroll: () => this.#scrolled() },
        this.#empty,
        this.#list,
        this.#choices,
        this.#typing,
      );
      this.node = element('div', { class: 'log-frame' }, this.#scroller, this.#more);
      // A composer that grows, or an on-screen keyboard, must not push the last message out of sight.
      new ResizeObserver(() => this.#isFollowing && this.scrollToEnd()).observe(this.#scroller);
    }

    get last() {
      return this.#entries[this.#entries.length - 1];
    }

    has(id) {
      return this.#entries.some((entry) => entry.id === id);
    }

    /** Forgets what the server has sent; what it has not got yet stays. */
    clear() {
      for (const entry of this.#entries) if (entry.seq) entry.node.remove();
      this.#entries = this.#entries.filter((entry) => !entry.seq);
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
      if (this.has(frame.id)) return this.confirm(frame.id, frame.seq);
      const follow = this.#isAtEnd();
      this.#place(this.#make(frame));
      if (this.#entries.length > MessageList.mostEntries) this.#remove(this.#entries[0].id);
      this.#follow(follow, 1);
    }

    /** The server has an own message and says at which place. */
    confirm(id, seq) {
      const index = this.#entries.findIndex((candidate) => candidate.id === id);
      const entry = this.#entries[index];
      if (!entry || entry.seq) return;
      entry.seq = seq;
      this.setDelivery(id, 'sent');
      // Mostly it's in its place already; a node that is moved would start its animation again.
      if ((this.#entries[index - 1]?.seq ?? 0) < seq && (this.#entries[index + 1]?.seq ?? Infinity) > seq) return;
      this.#remove(id);
      this.#place(entry);
    }

    remove(id) {
      this.#remove(id);
    }

    /** `state`: queued, sending, sent or failed. */
    setDelivery(id, state, code) {
      const entry = this.#entries.find((candidate) => candidate.id === id);
      if (!entry || (entry.seq && state !== 'sent')) return;
      entry.node.dataset.state = state;
      if (state === 'failed') return this.#showFailure(entry, code);
      entry.delivery.removeAttribute('role');
      entry.delivery.replaceChildren(TEXTS[state] ?? '');
    }

    /** `name` is typing, or nobody if null. */
    setTyping(name) {
      const follow = this.#isAtEnd();
      this.#typing.hidden = name === null;
      if (name === null) return this.#typing.replaceChildren();
      const dots = element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'));
      this.#typing.replaceChildren(dots, TEXTS.typing(name));
      if (follow) this.scrollToEnd();
    }

    scrollToEnd() {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
      this.#isFollowing = true;
      this.#unseen = 0;
      this.#more.hidden = true;
    }

    #showFailure(entry, code) {
      const button = (text, action) => element('button', { type: 'button', click: action }, text);
      entry.delivery.setAttribute('role', 'alert');
      entry.delivery.replaceChildren(
        element('span', {}, TEXTS.failed(TEXTS.reasons[code] ?? TEXTS.otherReason)),
        button(TEXTS.retry, () => this.#actions.retry(entry.id)),
        button(TEXTS.copy, () => navigator.clipboard?.writeText(entry.frame.message).catch(() => {})),
        button(TEXTS.remove, () => this.#actions.remove(entry.id)),
      );
    }

    #make(frame) {
      const kind = { user: 'own', claude: 'theirs', system: 'system' }[frame.type];
      const author = { user: TEXTS.you, claude: frame.author?.name || TEXTS.assistant, system: TEXTS.system }[frame.type];
      const parsed = new Date(frame.timestamp);
      const time = Number.isNaN(parsed.getTime()) ? new Date() : parsed;
      const day = element('div', { class: 'day', hidden: true });
      const meta = element(
        'div',
        { class: 'meta' },
        element('span', {}, author),
        element('span', { class: 'visually-hidden' }, ', '),
        element('time', { datetime: time.toISOString() }, clock.format(time)),
      );
      const bubble = element('div', { class: 'bubble', dir: 'auto' }, withoutMarkPiles(frame.message));
      const delivery = element('div', { class: 'delivery' });
      const node = element('li', { class: `message ${kind}`, part: 'message', 'data-id': frame.id }, day, meta, bubble, delivery);
      return { id: frame.id, seq: frame.seq, frame, kind, author, time, node, day, delivery };
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

    #remove(id) {
      const index = this.#entries.findIndex((entry) => entry.id === id);
      if (index < 0) return false;
      this.#entries[index].node.remove();
      this.#entries.splice(index, 1);
      this.#decorate(index);
      this.#refresh();
      return true;
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
        element('button', { class: 'chip', part: 'chip', type: 'button', click: () => this.#actions.choose(send, { id, index }) }, label);
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
      this.#more.replaceChildren(icons.down(), TEXTS.newMessages(this.#unseen));
    }

    #scrolled() {
      this.#isFollowing = this.#isAtEnd();
      if (!this.#isFollowing) return;
      this.#unseen = 0;
      this.#more.hidden = true;
    }
  }

  /** More than eight marks on one letter draw over the neighbours; the text itself stays as it is. */
  const withoutMarkPiles = (text) => text.replace(/(\p{M}{8})\p{M}+/gu, '$1');

  function dayName(time) {
    const day = new Date();
    if (time.toDateString() === day.toDateString()) return TEXTS.today;
    day.setDate(day.getDate() - 1);
    return time.toDateString() === day.toDateString() ? TEXTS.yesterday : calendar.format(time);
  }

  /** Where the visitor writes. */
  class Composer {
    /** Bytes of one message; the welcome may say another. */
    limit = 16_384;
    #field = element('textarea', { rows: '1', 'aria-label': TEXTS.composer, placeholder: TEXTS.placeholder, enterkeyhint: 'send' });
    // Has the field's text and so its height: a field that grows without a style attribute.
    #mirror = element('div', { class: 'mirror', 'aria-hidden': 'true' });
    #counter = element('div', { class: 'counter' });
    #problem = element('div', { class: 'problem', role: 'alert' });
    #button = element('button', { class: 'send', part: 'send', type: 'submit', 'aria-label': TEXTS.send }, icons.send());
    #submit;
    #onDraft;
    node;

    /** `submit(text)` returns true if the text was taken. */
    constructor({ submit, onDraft, draft }) {
      this.#submit = submit;
      this.#onDraft = onDraft;
      this.#field.value = draft;
      this.#field.addEventListener('input', () => this.#edited());
      this.#field.addEventListener('keydown', (event) => this.#pressed(event));
      this.node = element(
        'form',
        { class: 'composer', part: 'composer', submit: (event) => (event.preventDefault(), this.#send()) },
        this.#problem,
        this.#counter,
        element('div', { class: 'box' }, element('div', { class: 'grow' }, this.#field, this.#mirror), this.#button),
      );
      this.#changed();
    }

    focus() {
      this.#field.focus({ preventScroll: true });
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
    }

    #changed() {
      const text = this.#field.value;
      this.#mirror.textContent = `${text}\n`;
      const left = this.limit - byteLength(text);
      this.#counter.textContent = left < this.limit / 10 ? TEXTS.counter(left) : '';
      // Said once, and not again with each key.
      const problem = left < 0 ? TEXTS.reasons.too_large : '';
      if (this.#problem.textContent !== problem) this.#problem.textContent = problem;
      // Not `disabled`: a button that disappears from the tab order would lose the focus.
      this.#button.setAttribute('aria-disabled', String(left < 0 || text.trim() === ''));
    }
  }

  /** The window of the chat: heading, status, messages, composer. */
  class Panel {
    static fullScreen = '(max-width: 480px)';

    node;
    #status = element('span', { class: 'status-text' });
    #dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
    #notice = element('div', { class: 'notice', hidden: true });
    #hint = element('p', { class: 'hint' });
    #onClose;

    constructor({ list, composer, onClose }) {
      this.#onClose = onClose;
      const header = element(
        'header',
        { class: 'header', part: 'header' },
        element('span', { class: 'emblem', 'aria-hidden': 'true' }, icons.chat()),
        element(
          'div',
          { class: 'heading' },
          element('h2', { id: 'title' }, TEXTS.title),
          element('div', { class: 'status', part: 'status' }, this.#dot, this.#status),
        ),
        element('button', { class: 'plain', type: 'button', 'aria-label': TEXTS.close, click: onClose }, icons.close()),
      );
      this.node = element(
        'section',
        { id: 'panel', class: 'panel', part: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: true, keydown: (event) => this.#pressed(event) },
        header,
        this.#notice,
        list.node,
        composer.node,
        this.#hint,
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

    setHint(text) {
      this.#hint.textContent = text;
    }

    /** `status` is a key of the texts. */
    setStatus(status) {
      this.#dot.dataset.status = status;
      this.#status.textContent = TEXTS.status[status];
    }

    /** A sentence under the heading with an optional button, or nothing if null. */
    setNotice(text, { label, action, isAlert } = {}) {
      this.#notice.hidden = text === null;
      if (isAlert) this.#notice.setAttribute('role', 'alert');
      else this.#notice.removeAttribute('role');
      // The countdown changes each second; the button must stay the same one, or it loses the focus.
      const button = this.#notice.querySelector('button');
      if (button?.textContent === label && text !== null) {
        this.#notice.firstChild.textContent = text;
        return;
      }
      const children = text === null ? [] : [element('span', {}, text)];
      if (label) children.push(element('button', { type: 'button', click: action }, label));
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
      const stops = [...this.node.querySelectorAll('button, textarea, [tabindex="0"]')].filter((node) => node.checkVisibility());
      const [first, last] = [stops[0], stops[stops.length - 1]];
      if (event.target !== (event.shiftKey ? first : last)) return;
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  }

  /** The round button in the corner. */
  class Launcher {
    #badge = element('span', { class: 'badge', part: 'badge', 'aria-hidden': 'true', hidden: true });
    node;

    constructor(onClick) {
      this.node = element(
        'button',
        { class: 'launcher', part: 'launcher', type: 'button', 'aria-controls': 'panel', 'aria-haspopup': 'dialog', click: onClick },
        icons.chat(),
        icons.down(),
        this.#badge,
      );
      this.update(false, 0);
    }

    update(isOpen, unread) {
      this.node.setAttribute('aria-expanded', String(isOpen));
      this.node.setAttribute('aria-label', unread > 0 ? TEXTS.launcherUnread(unread) : TEXTS.launcher);
      this.#badge.hidden = unread === 0;
      this.#badge.textContent = unread > 9 ? '9+' : String(unread);
    }
  }

  // ----------------------------------------------------------------------------- style sheet

  // A constructed sheet needs no permission of the page's content policy, and reaches only the shadow tree.
  const STYLE = `
  :host { all: initial; }
  *, *::before, *::after { box-sizing: border-box; }
  [hidden] { display: none !important; }
  .root {
    --accent: var(--claude-chat-accent, light-dark(#2456c7, #8fb0ff));
    --on-accent: var(--claude-chat-on-accent, light-dark(#fff, #0d1a38));
    --surface: var(--claude-chat-surface, light-dark(#fff, #1b1e25));
    --ground: light-dark(color-mix(in srgb, var(--surface) 96%, var(--accent)), color-mix(in srgb, var(--surface) 82%, #000));
    --text: var(--claude-chat-text, light-dark(#1a2233, #e9ecf3));
    --muted: var(--claude-chat-muted, light-dark(#5a6478, #a3acbe));
    --border: var(--claude-chat-border, light-dark(#e1e5ed, #353b48));
    --bubble: var(--claude-chat-bubble, light-dark(#fff, #2a2f3a));
    --radius: var(--claude-chat-radius, 16px);
    --danger: light-dark(#b3261e, #ffb4ab);
    --good: light-dark(#1a7f4b, #5fd39a);
    --busy: light-dark(#a15c00, #f0b45a);
    --offset-x: var(--claude-chat-offset-x, 20px);
    --offset-y: var(--claude-chat-offset-y, 20px);
    color-scheme: light dark;
    font: 400 var(--claude-chat-font-size, 15px)/1.5 var(--claude-chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif);
    color: var(--text);
    text-align: start;
  }
  /* Black or white, whichever reads better on a colour of the site's own: at least 4.5:1. */
  @supports (color: lch(from red l c h)) {
    .root { --on-accent: var(--claude-chat-on-accent, lch(from var(--accent) calc((50 - l) * infinity) 0 0)); }
  }
  .root[data-theme="light"] { color-scheme: light; }
  .root[data-theme="dark"] { color-scheme: dark; }
  button, textarea { font: inherit; color: inherit; margin: 0; }
  button { cursor: pointer; }
  svg { width: 24px; height: 24px; display: block; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
  h2, p, ol { margin: 0; padding: 0; }
  ol { list-style: none; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  .launcher, .panel { position: fixed; z-index: var(--claude-chat-z, 2147483000); inset-inline-end: var(--offset-x); }
  .root[data-position="start"] :is(.launcher, .panel) { inset-inline: var(--offset-x) auto; }
  .launcher {
    inset-block-end: var(--offset-y); width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%;
    display: grid; place-items: center; background: var(--accent); color: var(--on-accent);
    box-shadow: 0 1px 2px #0003, 0 6px 20px #0000002e; transition: transform .15s ease, box-shadow .15s ease;
  }
  .launcher:hover { transform: translateY(-1px); box-shadow: 0 1px 2px #0003, 0 10px 26px #0000003d; }
  .launcher svg { grid-area: 1 / 1; width: 28px; height: 28px; transition: opacity .15s, transform .15s; }
  .launcher[aria-expanded="false"] svg:nth-of-type(2), .launcher[aria-expanded="true"] svg:nth-of-type(1) { opacity: 0; transform: scale(.6); }
  .badge {
    position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-width: 22px; padding: 0 6px; border-radius: 11px;
    font-size: 12px; line-height: 22px; font-weight: 600; background: #b3261e; color: #fff; box-shadow: 0 0 0 2px var(--surface);
  }

  .panel {
    inset-block-end: calc(var(--offset-y) + 68px); width: min(var(--claude-chat-width, 388px), calc(100vw - 2 * var(--offset-x)));
    height: min(var(--claude-chat-height, 620px), calc(100dvh - var(--offset-y) - 88px));
    display: flex; flex-direction: column; overflow: hidden; background: var(--surface);
    border: 1px solid var(--border); border-radius: var(--radius); box-shadow: 0 2px 6px #00000014, 0 18px 48px #00000038;
    animation: rise .18s ease-out;
  }
  @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
  .header { display: flex; align-items: center; gap: 12px; padding: 14px 12px 14px 16px; border-block-end: 1px solid var(--border); }
  .emblem { flex: none; display: grid; place-items: center; width: 40px; height: 40px; border-radius: 12px; background: var(--accent); color: var(--on-accent); }
  .heading { flex: 1; min-width: 0; }
  h2 { font-size: 1.07em; line-height: 1.3; font-weight: 650; }
  .status { display: flex; align-items: center; gap: 6px; font-size: .867em; line-height: 1.4; color: var(--muted); }
  /* Each state has a shape of its own, for eyes that don't tell the colours apart. */
  .dot { width: 9px; height: 9px; border-radius: 50%; border: 2px solid var(--busy); flex: none; }
  .dot:is([data-status="connected"], [data-status="slow"]) { border-color: var(--good); background: var(--good); }
  .dot[data-status="slow"] { border-radius: 50% 50% 0 50%; }
  .dot:is([data-status="offline"], [data-status="closed"]) { border-color: var(--muted); border-radius: 1px; }
  .plain { flex: none; display: grid; place-items: center; width: 36px; height: 36px; padding: 0; border: 0; border-radius: 10px; background: none; color: var(--muted); }
  .plain:hover { background: var(--ground); color: var(--text); }
  .plain svg { width: 20px; height: 20px; }
  .notice { display: flex; align-items: center; justify-content: space-between; gap: 12px; padding: 8px 16px; font-size: .867em; background: var(--ground); border-block-end: 1px solid var(--border); }
  .notice button, .delivery button { padding: 2px 6px; min-height: 24px; border: 0; border-radius: 6px; background: none; color: var(--accent); font-weight: 600; text-decoration: underline; text-underline-offset: 2px; }

  .log-frame { position: relative; flex: 1; min-height: 0; display: flex; background: var(--ground); }
  .log { flex: 1; min-width: 0; overflow-y: auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; }
  .log:focus-visible { outline-offset: -3px; }
  .messages:empty { display: none; }
  .messages { margin-block-start: auto; display: flex; flex-direction: column; }
  .message { display: flex; flex-direction: column; align-items: flex-start; margin-block-start: 14px; }
  .message:first-child { margin-block-start: 0; }
  .message.joins { margin-block-start: 4px; }
  .message.joins .meta { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .message.own { align-items: flex-end; }
  .day { align-self: center; margin-block: 2px 10px; font-size: .8em; font-weight: 600; color: var(--muted); }
  .meta { display: flex; gap: 6px; margin: 0 4px 4px; font-size: .8em; color: var(--muted); }
  .meta span:first-child { font-weight: 600; overflow-wrap: anywhere; }
  .bubble {
    max-width: 86%; padding: 9px 13px; border: 1px solid var(--border); border-radius: 4px 16px 16px 16px; background: var(--bubble);
    white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; animation: rise .18s ease-out;
  }
  .message.joins .bubble { border-start-start-radius: 16px; }
  .own .bubble { background: var(--accent); border-color: transparent; color: var(--on-accent); border-radius: 16px 4px 16px 16px; }
  .message.own.joins .bubble { border-start-start-radius: 16px; border-start-end-radius: 16px; }
  .own:is([data-state="queued"], [data-state="sending"]) .bubble { opacity: .72; }
  .own[data-state="failed"] .bubble { background: var(--surface); border-color: var(--danger); color: var(--text); }
  .system .meta { display: none; }
  .system { align-items: center; }
  .system .bubble { background: none; border: 0; padding: 2px 8px; font-size: .867em; color: var(--muted); text-align: center; }
  .delivery { font-size: .8em; color: var(--muted); margin: 3px 4px 0; display: flex; flex-wrap: wrap; align-items: center; gap: 2px 4px; }
  .delivery:empty { display: none; }
  /* On a fast line "Sending" would only flicker. */
  [data-state="sending"] .delivery { animation: appear 0s .4s both; }
  @keyframes appear { from { visibility: hidden; } }
  [data-state="failed"] .delivery { color: var(--danger); justify-content: flex-end; }
  .typing { display: flex; align-items: center; gap: 8px; margin: 12px 4px 0; font-size: .867em; color: var(--muted); }
  .dots { display: inline-flex; gap: 4px; padding: 9px 11px; border: 1px solid var(--border); border-radius: 4px 14px 14px 14px; background: var(--bubble); }
  .dots i { width: 6px; height: 6px; border-radius: 50%; background: var(--muted); animation: breathe 1.2s ease-in-out infinite; }
  .dots i:nth-child(2) { animation-delay: .15s; }
  .dots i:nth-child(3) { animation-delay: .3s; }
  @keyframes breathe { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; } }
  .choices { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 12px; }
  .chip { padding: 6px 14px; border: 1px solid var(--accent); border-radius: 18px; background: var(--surface); color: var(--accent); text-align: start; overflow-wrap: anywhere; }
  .chip:hover { background: var(--accent); color: var(--on-accent); }
  .more {
    position: absolute; inset-block-end: 12px; inset-inline: 0; margin-inline: auto; width: fit-content; display: flex; align-items: center; gap: 4px;
    padding: 6px 14px 6px 10px; border: 1px solid var(--border); border-radius: 18px; background: var(--surface); font-size: .867em; font-weight: 600; box-shadow: 0 4px 14px #0003;
  }
  .more svg { width: 18px; height: 18px; }
  .empty { margin: auto; padding: 16px; text-align: center; color: var(--muted); max-width: 300px; text-wrap: balance; }
  .empty-title { font-size: 1.2em; font-weight: 650; color: var(--text); margin-block-end: 4px; }

  .composer { padding: 12px 12px 8px; border-block-start: 1px solid var(--border); }
  .counter, .problem { font-size: .8em; color: var(--danger); padding: 0 4px 6px; }
  .counter { color: var(--muted); text-align: end; }
  :is(.counter, .problem):empty { padding: 0; }
  .box { display: flex; align-items: flex-end; gap: 6px; padding: 5px; border: 1px solid light-dark(#8690a3, #6b7486); border-radius: 14px; background: var(--surface); }
  .box:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
  .grow { flex: 1; min-width: 0; display: grid; max-height: 9.5em; overflow-y: auto; }
  .grow > * { grid-area: 1 / 1; padding: 6px 8px; font: inherit; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
  textarea { width: 100%; border: 0; background: none; resize: none; overflow: hidden; outline: none; }
  textarea::placeholder { color: var(--muted); opacity: 1; }
  .mirror { visibility: hidden; }
  .send { flex: none; display: grid; place-items: center; width: 36px; height: 36px; padding: 0; border: 0; border-radius: 11px; background: var(--accent); color: var(--on-accent); }
  .send svg { width: 20px; height: 20px; stroke-width: 2.2; }
  .send[aria-disabled="true"] { background: var(--border); color: var(--muted); cursor: default; }
  .hint:empty { display: none; }
  .hint { padding: 0 16px 12px; font-size: .76em; color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

  @media (pointer: coarse) {
    .send, .plain { width: 44px; height: 44px; }
    .chip, .more, .notice button, .delivery button { min-height: 44px; }
  }
  @media (max-width: 480px) {
    .panel, .root[data-position="start"] .panel {
      inset: var(--claude-chat-top, 0px) 0 auto; width: 100%; height: var(--claude-chat-visible, 100dvh); border: 0; border-radius: 0;
      padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
    }
    .launcher[aria-expanded="true"] { display: none; }
    /* Smaller text makes iOS zoom into the field. */
    .grow > * { font-size: max(16px, 1em); }
  }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { transition: none !important; }
    .panel, .bubble, .dots i { animation: none; }
  }
  @media (prefers-contrast: more) { .root { --muted: var(--text); --border: var(--text); } }
  @media (forced-colors: active) {
    .launcher, .send, .emblem, .badge, .plain, .own .bubble { border: 1px solid; }
    .dot { forced-color-adjust: none; }
  }
  `;

  /** The widget's one element on the page, with everything of it in a shadow tree. */
  class Host {
    element = document.createElement('claude-chat-widget');
    root;
    #viewport = new CSSStyleSheet();

    constructor(settings, ...children) {
      const shadow = this.element.attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet, this.#viewport];
      this.root = element('div', { class: 'root', lang: 'en', 'data-theme': settings.theme, 'data-position': settings.position }, ...children);
      shadow.append(this.root);
      window.visualViewport?.addEventListener('resize', () => this.#fitViewport());
      window.visualViewport?.addEventListener('scroll', () => this.#fitViewport());
    }

    get activeElement() {
      return this.element.shadowRoot.activeElement;
    }

    /** Appends the widget to the body, and again if a page change by script takes it away. */
    attach() {
      const observer = new MutationObserver(() => {
        if (!this.element.isConnected && document.body) place();
      });
      const place = () => {
        document.body.append(this.element);
        observer.disconnect();
        observer.observe(document.documentElement, { childList: true });
        observer.observe(document.body, { childList: true });
      };
      place();
    }

    /** Keeps the composer above the on-screen keyboard. */
    #fitViewport() {
      const { height, offsetTop, scale } = window.visualViewport;
      // A visitor who zooms in wants to see a part of the panel, not a smaller panel.
      const rule = scale > 1.01 ? '' : `.root { --claude-chat-visible: ${height}px; --claude-chat-top: ${offsetTop}px; }`;
      this.#viewport.replaceSync(rule);
    }
  }

  // ------------------------------------------------------------------------------------- chat

  /** Plugs the parts together. What the page may touch is in `publicInterface`. */
  class Chat {
    // How long a closed panel stays connected for the reply to the last question.
    static replyPatience = 30_000;
    // The server takes one resume in five seconds.
    static resumeInterval = 5000;

    #settings;
    #tab;
    #session;
    #sequence = new Sequence();
    #outbox;
    #connection;
    #list;
    #composer;
    #panel;
    #launcher;
    #host;
    #announcer = element('div', { class: 'visually-hidden', role: 'status' });
    #conversation = 'bot';
    #unread = 0;
    #opener = null;
    #promises = new Map();
    // Messages up to here are history and make no noise.
    #quietUntil = 0;
    #lateTops = 0;
    #lastResume = -Infinity;
    #resumeTimer = 0;
    #typingTimer = 0;
    #isTyping = false;
    #askedAt = 0;
    #settleTimer = 0;
    #countdown = 0;
    #wasReplaced = false;

    constructor(settings) {
      this.#settings = settings;
      this.#tab = new StoredRecord('sessionStorage', `${settings.storageKey}:tab`);
      const endpoints = new Endpoints(settings);
      this.#session = new Session(settings, endpoints);
      this.#outbox = new Outbox(this.#tab, {
        transmit: (entry) => this.#transmit(entry),
        changed: (entry) => this.#deliveryChanged(entry),
        missed: () => this.#connection.renew(),
      });
      this.#connection = new Connection(
        {
          session: this.#session,
          endpoints,
          page: () => this.page,
          position: () => this.#sequence.position,
          onFrame: (frame) => this.#receive(frame),
          onChange: () => this.#connectionChanged(),
          onLost: (end) => this.#connectionLost(end),
          isOwed: () => this.#isOwed(),
        },
        this.#tab,
      );
      this.#build();
      this.#session.onReplaced = (reason) => this.#replaced(reason);
      this.#session.onRenewed = () => this.#renewed();
    }

    get page() {
      return location.pathname.slice(0, 2048);
    }

    /** A frozen view, new at each read. */
    get state() {
      const { position } = this.#sequence;
      return Object.freeze({
        isConnected: this.#connection.isOnline,
        websocket: this.#connection.transport?.socket ?? null,
        isOpen: this.#panel.isOpen,
        unread: this.#unread,
        sessionId: this.#session.id,
        page: this.page,
        transport: this.#connection.isOnline ? this.#connection.transport.name : null,
        connection: this.#connection.state,
        conversation: this.#conversation,
        position: position && Object.freeze({ ...position }),
        outbox: this.#outbox.pending,
        lastError: this.#connection.lastError,
      });
    }

    /** Puts the widget on the page, as the visitor left it on the page before. */
    attach() {
      for (const entry of this.#outbox.entries) this.#list.showOwn(entry);
      this.#host.attach();
      if (this.#settings.hotkey) addEventListener('keydown', (event) => this.#hotkeyPressed(event));
      if (this.#tab.read().isOpen) this.open({ takesFocus: false });
      this.#settle();
      this.#emit('ready', {});
    }

    open({ takesFocus = true } = {}) {
      if (!this.#panel.isOpen) {
        this.#opener = this.#host.activeElement ?? document.activeElement;
        // At each opening: in a single-page site the address changes without a load.
        if (this.#settings.context === 'page') this.#panel.setHint(TEXTS.context(this.page));
        this.#panel.setOpen(true);
        this.#tab.write({ isOpen: true });
        this.#list.scrollToEnd();
        this.#setUnread(0);
        this.#connection.start();
        this.#connectionChanged();
        this.#emit('open', {});
      }
      if (takesFocus) this.#composer.focus();
    }

    close() {
      if (!this.#panel.isOpen) return;
      const hadFocus = document.activeElement === this.#host.element;
      this.#panel.setOpen(false);
      this.#tab.write({ isOpen: false });
      this.#launcher.update(false, this.#unread);
      // Back to what opened it; the launcher if that has gone.
      const opener = this.#opener?.isConnected && this.#opener !== document.body ? this.#opener : null;
      if (hadFocus) (opener ?? this.#launcher.node).focus({ preventScroll: true });
      this.#settle();
      this.#emit('close', {});
    }

    toggle() {
      if (this.#panel.isOpen) this.close();
      else this.open();
    }

    /** Sends a text as the visitor. Resolves with the ack's id and seq. */
    async send(text, { silent = false, choice } = {}) {
      const message = String(text).toWellFormed?.() ?? String(text);
      if (message.trim() === '') throw failure('empty', 'a message needs some text');
      if (byteLength(message) > this.#composer.limit) throw failure('too-large', TEXTS.reasons.too_large);
      if (this.#outbox.isFull) throw failure('outbox-full', TEXTS.outboxFull);
      const entry = { id: randomId(), message, choice };
      if (this.#settings.context === 'page') entry.context = { page: this.page };
      const { promise, ...settle } = deferred();
      this.#promises.set(entry.id, settle);
      this.#list.showOwn({ ...entry, state: 'queued' });
      this.#outbox.add(entry);
      this.#askedAt = Date.now();
      if (!silent) this.open({ takesFocus: false });
      this.#connection.start();
      return promise;
    }

    /** A verified visitor: `{token}`, or `{id, hash}` where the site's server takes that. */
    async identify({ token, id, hash } = {}) {
      const answer = await this.#session.identify(token ?? { id, hash });
      if (answer.outcome !== 'ok') throw failure(answer.code);
      this.#emit('identify', {});
    }

    /** Signs out: a new conversation begins at the next opening. What was never sent is asked about first. */
    reset() {
      if (this.#outbox.pending > 0 && !confirm(TEXTS.resetUnsent)) return;
      for (const entry of [...this.#outbox.entries]) (this.#outbox.remove(entry.id), this.#list.remove(entry.id));
      this.#session.forget();
      this.#replaced('switched');
      this.#emit('reset', {});
    }

    #build() {
      this.#list = new MessageList({
        choose: (text, choice) => this.#submit(text, choice),
        retry: (id) => this.#outbox.retry(id),
        remove: (id) => (this.#outbox.remove(id), this.#list.remove(id)),
      });
      this.#composer = new Composer({
        submit: (text) => this.#submit(text),
        onDraft: (draft) => this.#tab.write({ draft }),
        draft: String(this.#tab.read().draft ?? ''),
      });
      this.#panel = new Panel({
        list: this.#list,
        composer: this.#composer,
        onClose: () => this.close(),
      });
      this.#launcher = new Launcher(() => this.toggle());
      this.#host = new Host(this.#settings, this.#launcher.node, this.#panel.node, this.#announcer);
    }

    #hotkeyPressed(event) {
      if (event.repeat || !this.#settings.hotkey.matches(event)) return;
      event.preventDefault();
      this.toggle();
    }

    /** From the composer or a choice. Returns false if the text was not taken and has to stay. */
    #submit(text, choice) {
      if (this.#outbox.isFull) {
        this.#composer.say(TEXTS.outboxFull);
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
          this.#typed(frame);
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
          this.#emit('conversation', { state: this.#conversation });
          break;
        default: // Types may be added at any time; what isn't known is not for this version.
      }
    }

    #welcomed(frame) {
      if (this.#sequence.welcome(frame)) {
        this.#list.clear();
        this.#quietUntil = frame.top ?? 0;
        // What the server has shown but not acknowledged may be lost with its memory: it's unsent again.
        for (const entry of this.#outbox.entries) if (!this.#list.has(entry.id)) this.#list.showOwn(entry);
      }
      this.#lateTops = 0;
      this.#session.keepFresh(frame.expiresIn);
      if (frame.conversation) this.#conversation = String(frame.conversation);
      if (frame.limits?.message > 0) this.#composer.limit = frame.limits.message;
      this.#outbox.connected();
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
      if (frame.type !== 'user') this.#stopTyping();
      if (frame.type === 'user') return;
      this.#askedAt = 0;
      if (isNew) this.#announce(frame);
      this.#emit('message:received', {
        id: frame.id, seq: frame.seq, author: frame.author ?? null, inReplyTo: frame.inReplyTo ?? null,
      });
    }

    #announce(frame) {
      if (this.#panel.isOpen) {
        this.#announcer.textContent = `${frame.author?.name || TEXTS.assistant}: ${frame.message}`;
      } else {
        this.#setUnread(this.#unread + 1);
        this.#announcer.textContent = TEXTS.newMessages(this.#unread);
      }
    }

    #acknowledged({ id, seq }) {
      const entry = this.#outbox.acknowledge(id);
      if (!entry) return;
      this.#list.confirm(id, seq);
      this.#settled(id)?.resolve(Object.freeze({ id, seq }));
      this.#emit('message:sent', { id, seq });
      this.#settle();
    }

    #refused(frame) {
      const error = { code: String(frame.code), temporary: frame.temporary === true, retryAfterMs: frame.retryAfterMs };
      this.#emit('error', { code: error.code, temporary: error.temporary });
      if (frame.id !== undefined) this.#outbox.refuse(frame.id, error);
      // A frame that can't be read has no id to name; the one in flight is the only one it can be.
      else if (['bad_json', 'too_large'].includes(error.code)) this.#outbox.refuseCurrent(error);
    }

    #typed(frame) {
      if (frame.state !== 'start') return this.#stopTyping();
      this.#isTyping = true;
      const name = frame.author?.name || TEXTS.assistant;
      this.#list.setTyping(name);
      if (this.#panel.isOpen) this.#announcer.textContent = TEXTS.typing(name);
      clearTimeout(this.#typingTimer);
      this.#typingTimer = setTimeout(() => this.#stopTyping(), frame.expiresMs > 0 ? frame.expiresMs : 6000);
    }

    #stopTyping() {
      clearTimeout(this.#typingTimer);
      if (!this.#isTyping) return;
      this.#isTyping = false;
      this.#list.setTyping(null);
      this.#settle();
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

    // Frames to the server

    #transmit({ id, message, context, choice }) {
      this.#connection.send({ type: 'user', id, message, context, choice });
    }

    #deliveryChanged(entry) {
      this.#list.setDelivery(entry.id, entry.state, entry.code);
      if (entry.state !== 'failed') return;
      this.#settled(entry.id)?.reject(failure(entry.code, TEXTS.reasons[entry.code] ?? TEXTS.otherReason));
      this.#emit('message:failed', { id: entry.id, code: entry.code, retryable: true });
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
      for (const entry of this.#outbox.entries) if (!this.#list.has(entry.id)) this.#list.showOwn(entry);
      this.#wasReplaced = reason === 'expired';
      this.#setUnread(0);
      this.#connection.startAnew();
      this.#showNotice();
    }

    #renewed() {
      if (!this.#connection.isOnline) return;
      this.#connection.send(this.#session.refreshFrame);
    }

    #connectionLost({ code }) {
      if (code === 'too_large') this.#outbox.refuseCurrent({ code, temporary: false });
      this.#outbox.disconnected();
      this.#stopTyping();
      clearTimeout(this.#resumeTimer);
      this.#resumeTimer = 0;
    }

    #connectionChanged() {
      this.#panel.setStatus(this.#connection.status);
      this.#launcher.update(this.#panel.isOpen, this.#unread);
      clearInterval(this.#countdown);
      this.#showNotice();
      if (this.#connection.state === 'waiting') this.#countdown = setInterval(() => this.#showNotice(), 1000);
      this.#emit('connection', { state: this.#connection.state, transport: this.#connection.transport?.name ?? null });
    }

    #showNotice() {
      const { state, retryAt, lastError } = this.#connection;
      if (state === 'waiting') {
        const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
        this.#panel.setNotice(TEXTS.reconnectingIn(seconds), { label: TEXTS.now, action: () => this.#connection.retryNow() });
      } else if (state === 'offline') {
        this.#panel.setNotice(TEXTS.offlineNotice);
      } else if (state === 'stopped') {
        const reason = TEXTS.reasons[lastError?.code] ?? TEXTS.reasons.ended;
        this.#panel.setNotice(reason, { label: TEXTS.reload, action: () => location.reload(), isAlert: true });
      } else if (this.#wasReplaced) {
        const dismiss = () => ((this.#wasReplaced = false), this.#showNotice());
        this.#panel.setNotice(TEXTS.replaced, { label: TEXTS.dismiss, action: dismiss, isAlert: true });
      } else {
        this.#panel.setNotice(null);
      }
    }

    /** Whether something has still to come, so that a closed panel stays connected. */
    #isOwed() {
      const awaitsReply = Date.now() - this.#askedAt < Chat.replyPatience;
      return this.#outbox.pending > 0 || this.#isTyping || awaitsReply;
    }

    /** An open panel is connected; a closed one as long as something is owed. */
    #settle() {
      clearTimeout(this.#settleTimer);
      if (this.#panel.isOpen) return;
      if (!this.#isOwed()) return this.#connection.stop();
      this.#connection.start();
      this.#settleTimer = setTimeout(() => this.#settle(), 1000);
    }

    #setUnread(count) {
      if (count === this.#unread) return;
      this.#unread = count;
      this.#launcher.update(this.#panel.isOpen, count);
      this.#emit('unread', { count });
    }

    /** A page's handler that throws is reported by the browser and disturbs nothing here. */
    #emit(name, detail) {
      dispatchEvent(new CustomEvent(`claude-chat:${name}`, { detail: Object.freeze(detail) }));
    }
  }

  function isDurable(frame) {
    return Number.isInteger(frame.seq) && typeof frame.id === 'string' && typeof frame.message === 'string' && typeof frame.epoch === 'string';
  }

  function deferred() {
    let resolve, reject;
    const promise = new Promise((...settle) => ([resolve, reject] = settle));
    return { promise, resolve, reject };
  }

  // ------------------------------------------------------------------------------ the global

  /** What the page sees as `claudeChat`. Calls from before the load are in the array `early`. */
  function publicInterface(chat, early) {
    const listeners = new Map();
    let ready;
    const methods = {
      open: async () => (await methods.ready, chat.open()),
      close: async () => (await methods.ready, chat.close()),
      toggle: async () => (await methods.ready, chat.toggle()),
      identify: async (identity) => (await methods.ready, chat.identify(identity)),
      reset: async () => (await methods.ready, chat.reset()),
      send: async (text, options = {}) => (await methods.ready, chat.send(text, { silent: options.silent === true })),
      on(name, handler) {
        const listener = (event) => handler(event.detail);
        listeners.set(`${name}`, [...(listeners.get(name) ?? []), { handler, listener }]);
        addEventListener(`claude-chat:${name}`, listener);
      },
      off(name, handler) {
        for (const entry of listeners.get(name) ?? []) {
          if (entry.handler === handler) removeEventListener(`claude-chat:${name}`, entry.listener);
        }
      },
      /** `['method', ...arguments]`, the form that works before and after the load. */
      push([name, ...values]) {
        return methods[name]?.(...values);
      },
      ready: new Promise((resolve) => (ready = resolve)),
      get state() {
        return chat.state;
      },
    };
    methods.toggleChat = methods.toggle;
    methods.sendMessage = methods.send;
    const attach = () => {
      chat.attach();
      ready();
    };
    if (document.body) attach();
    else addEventListener('DOMContentLoaded', attach, { once: true });
    if (Array.isArray(early)) for (const call of early) methods.push(call);
    return Object.freeze(methods);
  }

  window.claudeChat = publicInterface(new Chat(new Settings(TAG)), window.claudeChat);
})();
