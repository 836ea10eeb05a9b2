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
  #tabs;
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

  /** `options`: session, endpoints, page(), position(), onFrame(frame), onChange(), onLost(end), isOwed(), isSeen(), isShared, lockName(), signal that ends it. */
  constructor(options, record) {
    this.#options = options;
    this.#record = record;
    this.#tabs = new Tabs({
      isShared: options.isShared && 'locks' in navigator && typeof BroadcastChannel === 'function',
      transmit: (frame) => this.send(frame),
      deposed: () => this.startAnew(),
    });
    const { signal } = options;
    addEventListener('online', () => this.#cameOnline(), { signal });
    addEventListener('offline', () => this.#lostNetwork(), { signal });
    addEventListener('pageshow', (event) => event.persisted && this.retryNow(), { signal });
    // An open socket keeps a page out of the back-forward cache.
    addEventListener('pagehide', () => this.#suspend(), { signal });
    const shown = () => document.visibilityState === 'visible' && this.state === 'waiting' && this.retryNow();
    document.addEventListener('visibilitychange', shown, { signal });
  }

  get isOnline() {
    return this.state === 'online';
  }

  /** Whether another tab has the connection. */
  get isFollowing() {
    return this.transport?.isShared === true;
  }

  /** Whether the visitor reads in a tab that uses this one's connection. */
  get isWatched() {
    return this.#tabs.isWatched;
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
    // The next message must wait for the next connection.
    this.#options.onLost({});
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
    if (this.isOnline) this.#ended(this.transport, { code: 'no_ack', steals: this.isFollowing });
  }

  send(frame) {
    if (this.isOnline) this.transport.send(frame);
  }

  /** The server asks to come back no earlier than this; it closes the connection itself. */
  holdOff(milliseconds) {
    if (milliseconds > 0) this.#floor = milliseconds;
  }

  async #attempt(steals = false) {
    this.#drop();
    const round = this.#round;
    this.#set('connecting');
    const answer = await this.#options.session.ensure();
    if (round !== this.#round) return;
    if (answer.outcome !== 'ok') return this.#refused(answer);
    const isAlone = await this.#tabs.enter(this.#options.lockName(), steals);
    if (round === this.#round) this.#use(isAlone ? this.#preferred() : SharedTransport);
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
    const { endpoints, session, page, position, isSeen } = this.#options;
    return new Transport({ endpoints, session, page: page(), position, isSeen, tabs: this.#tabs, ...handlers });
  }

  #receive(frame) {
    if (frame.event === 'welcome' && !this.isOnline) this.#welcomed();
    if (this.#tabs.share(frame, this.transport)) this.#options.onFrame(frame);
  }

  #welcomed() {
    this.#hasBeenOnline = true;
    this.#refusals = this.#floor = 0;
    this.#isHTTPProven = false;
    // A socket that opens and fails at once must not reset the backoff.
    this.#stableTimer = setTimeout(() => (this.#tries = 0), Connection.stableAfter);
    if (this.transport.name !== 'websocket') this.#trialTimer = setInterval(() => this.#trySocket(), Connection.socketRetryAfter);
    this.#set('online');
  }

  async #ended(transport, end) {
    if (transport !== this.transport) return;
    const wasOnline = this.isOnline;
    this.#drop();
    const round = this.#round;
    if (end.isHandover || end.steals) {
      this.#options.onLost(end);
      return this.#attempt(end.steals);
    }
    if (wasOnline) this.#tabs.lose(end);
    this.#note(end.code);
    if (end.code === 'token_expired') this.#options.session.invalidate();
    this.#floor = Math.max(this.#floor, end.afterMs ?? 0);
    this.#options.onLost(end);
    if (end.isFinal) return this.#set('stopped');
    this.#set('connecting');
    if (!wasOnline && (await this.#hasNextStep(transport.name, end, round))) return;
    if (round === this.#round) this.#wait();
  }

  /**
   * After a socket that got no welcome: asks over HTTP why, and falls back if HTTP works.
   *
   * A refused handshake is tried once more after HTTP has answered. Otherwise a server that comes
   * up just between the two would be taken for one that refuses sockets.
   */
  async #hasNextStep(name, end, round) {
    // A stream that isn't offered, or that something on the way holds back.
    if (name === 'sse') return (end.code === 'no_welcome' || [400, 404, 405, 501].includes(end.status)) && this.#fallBack('poll');
    if (name === 'poll') return false;
    if (!end.isRefused && end.code !== 'no_welcome') return false;
    if (end.isRefused) {
      this.#refusals += 1;
      if (this.#refusals < 2) return false;
      if (this.#isHTTPProven) return this.#fallBack('sse');
    }
    const answer = await this.#options.session.renew();
    if (round !== this.#round) return true;
    if (answer.outcome !== 'ok') {
      this.#isHTTPProven = false;
      this.#refused(answer);
      return true;
    }
    if (!end.isRefused) return this.#fallBack('sse');
    this.#isHTTPProven = true;
    this.#attempt();
    return true;
  }

  #fallBack(transport) {
    this.#record.write({ transport, since: Date.now() });
    this.#attempt();
    return true;
  }

  /** The choice holds for the tab, but not for ever. */
  #preferred() {
    const { transport, since } = this.#record.read();
    const age = Date.now() - since;
    if (!(age >= 0 && age < Connection.socketRetryAfter)) return WebSocketTransport;
    return { sse: StreamTransport, poll: PollTransport }[transport] ?? WebSocketTransport;
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

  /** Tries the WebSocket beside a transport that works and changes over at its welcome, so that nobody waits for it. */
  #trySocket() {
    if (this.#trial || !this.transport || this.isFollowing || this.transport.name === 'websocket') return;
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
    this.#record.write({ transport: null });
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
    // Who isn't connected leads nobody.
    if (state !== 'connecting' && state !== 'online') this.#tabs.leave();
    this.state = state;
    this.#options.onChange();
  }
}
