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
