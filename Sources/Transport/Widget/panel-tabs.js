// One connection for all tabs of a conversation. The tab that holds a Web Lock leads: it is connected, hands its frames to
// the others, and sends what they hand in. A lock goes with its tab, whatever ends that. Where there are no locks, each tab
// connects.
//
// What is said between tabs is a pair: `ask` and `hand` come from those who follow, `offer`, `frame` and `lost` from the leader.

/** A tab's place among the tabs of its conversation. */
class Tabs {
  /** A leader that answers a visible tab no sooner has lost the lead. */
  static patience = 1000;

  isLeading = false;
  /** Called where this tab follows, with what is said. */
  onHeard = () => {};
  #actions;
  #name = null;
  #channel = null;
  #stay = new AbortController();
  #release = null;
  #offer = null;
  // Ids that others have handed in: what the server says to them is not for this tab.
  #handed = new Set();
  #watchedAt = -Infinity;

  /** `actions`: isShared, transmit(frame) for what is handed in, deposed() when another tab has taken the lead. */
  constructor(actions) {
    this.#actions = actions;
  }

  /** Whether the messages are before the visitor's eyes in a tab that follows this one. */
  get isWatched() {
    return this.isLeading && performance.now() - this.#watchedAt < 2 * Tabs.patience;
  }

  /** Joins the tabs of a conversation. Resolves with whether this tab is the one to connect; one that `steals` is. */
  enter(name, steals) {
    if (!this.#actions.isShared || (this.isLeading && this.#name === name)) return true;
    this.leave();
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => (this.isLeading ? this.#lead(...data) : this.onHeard(...data));
    return this.#lock(steals ? { steal: true } : { ifAvailable: true });
  }

  /** Leaves them, and the lead to the next one. */
  leave() {
    this.#stay.abort();
    this.#stay = new AbortController();
    this.#channel?.close();
    this.#release?.();
    this.#channel = this.#release = this.#offer = null;
    this.isLeading = false;
    this.#handed.clear();
  }

  /** Waits for the lead. */
  async wait(becameFree) {
    if (await this.#lock({ signal: this.#stay.signal })) becameFree();
  }

  tell(kind, value) {
    this.#channel?.postMessage([kind, value]);
  }

  /** Tells those who follow that the connection is lost, and when to try again. */
  lose({ code, afterMs }) {
    if (this.isLeading) this.tell('lost', { code, afterMs });
  }

  /** Hands on what the leader's connection brings. Returns whether it is for this tab as well. */
  share(frame, { name, socket }) {
    if (!this.isLeading) return true;
    if (frame.event === 'welcome') {
      this.#offer = { id: randomId(), welcome: frame, name, socket: socket && { url: socket.url, protocol: socket.protocol } };
      this.tell('offer', this.#offer);
      return true;
    }
    // Whoever joins later has to know it.
    if (frame.type === 'conversation' && this.#offer) Object.assign(this.#offer.welcome, { conversation: frame.state, agent: frame.agent });
    this.tell('frame', frame);
    return !(['ack', 'error'].includes(frame.type) && this.#handed.delete(frame.id));
  }

  #lead(kind, value) {
    if (kind === 'ask') {
      if (value) this.#watchedAt = performance.now();
      this.tell('offer', this.#offer);
    } else if (kind === 'hand') {
      if (value.type === 'user') this.#handed.add(value.id);
      this.#actions.transmit(value);
    }
  }

  #lock(options) {
    const { signal } = this.#stay;
    return new Promise((resolve) => {
      const hold = (lock) => {
        const isTaken = lock !== null && !signal.aborted;
        resolve(isTaken);
        if (!isTaken) return;
        this.isLeading = true;
        return new Promise((release) => (this.#release = release));
      };
      navigator.locks.request(this.#name, options, hold).catch(() => {
        // Given up, robbed, or refused by the browser: then this tab is on its own.
        if (signal.aborted) return resolve(false);
        if (!this.isLeading) return resolve(true);
        this.leave();
        this.#actions.deposed();
      });
    });
  }
}

/** What a tab that follows has in place of a connection of its own: the leader's, and its history by HTTP. */
class SharedTransport {
  isShared = true;
  /** As the leader's. */
  name = null;
  socket = null;
  #options;
  #offer = null;
  // What came before the history did.
  #early = [];
  #sent = new Set();
  #isUnanswered = false;
  #timer = 0;

  /** Besides those of the others, `options` has the tabs and isSeen(). */
  constructor(options) {
    this.#options = options;
  }

  connect() {
    const { tabs } = this.#options;
    tabs.onHeard = (kind, value) => this.#heard(kind, value);
    tabs.wait(() => this.#end({ isHandover: true }));
    this.#timer = setInterval(() => this.#ask(), Tabs.patience);
    this.#ask();
  }

  send(frame) {
    // The leader keeps its connection itself.
    if (frame.type === 'resume') this.#catchUp();
    if (!['user', 'typing', 'stop', 'conversation'].includes(frame.type)) return;
    if (frame.type === 'user') this.#sent.add(frame.id);
    this.#options.tabs.tell('hand', frame);
  }

  close() {
    clearInterval(this.#timer);
    this.#options.tabs.onHeard = () => {};
    this.#offer = null;
  }

  /** A tab that nobody sees may wait; a browser may have put it to sleep, too. */
  #ask() {
    const isVisible = document.visibilityState === 'visible';
    if (isVisible && this.#isUnanswered) return this.#end({ isHandover: true, steals: true });
    this.#isUnanswered = isVisible;
    if (isVisible || !this.#offer) this.#options.tabs.tell('ask', this.#options.isSeen());
  }

  #heard(kind, value) {
    if (kind === 'lost') return this.#end(value);
    if (kind !== 'offer' && kind !== 'frame') return;
    this.#isUnanswered = false;
    if (kind === 'frame') return this.#early ? void this.#early.push(value) : this.#deliver(value);
    if (!value || value.id === this.#offer?.id) return;
    if (this.#offer) return this.#end({ isHandover: true });
    this.#offer = value;
    this.name = value.name;
    this.socket = value.socket && Object.freeze({ ...value.socket, readyState: 1, shared: true });
    this.#catchUp();
  }

  /** Asks the server for what this tab lacks, and goes on with what has come meanwhile. */
  async #catchUp() {
    const { endpoints, session, position, onFrame } = this.#options;
    const offer = this.#offer;
    this.#early ??= [];
    const answer = await getHistory(endpoints, session, { limit: 100 });
    if (!offer || this.#offer !== offer) return;
    if (!answer) {
      session.invalidate();
      return this.#end({ code: 'unreachable' });
    }
    const { epoch, items } = answer;
    const known = position();
    const recovered = known?.epoch === epoch && !(items[0]?.seq > known.seq + 1);
    const missing = recovered ? items.filter((item) => item.seq > known.seq) : items;
    const top = items.at(-1)?.seq ?? offer.welcome.top;
    onFrame({ ...offer.welcome, epoch, top, recovered, reset: !recovered, replayed: missing.length, expiresIn: session.secondsLeft });
    for (const frame of [...missing, ...(this.#early ?? [])]) this.#deliver(frame);
    this.#early = null;
  }

  #deliver(frame) {
    // What the server says to another tab's message is that tab's business.
    if (['ack', 'error'].includes(frame.type) && !this.#sent.delete(frame.id)) return;
    if (this.#offer) this.#options.onFrame(frame);
  }

  #end(end) {
    this.close();
    this.#options.onEnd(end);
  }
}
