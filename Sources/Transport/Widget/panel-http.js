// The two transports for networks that let no WebSocket through. What goes, goes by POST in both.

/** What both have in common. Makes the same frames as the WebSocket. */
class HTTPTransport {
  socket = null;
  options;
  abort = new AbortController();

  constructor(options) {
    this.options = options;
  }

  close() {
    this.abort.abort();
  }

  send(frame) {
    // The position goes with each call, so resume and pong have no use here.
    if (['user', 'typing', 'stop', 'conversation'].includes(frame.type)) this.#post(frame);
  }

  /** A GET of a frame's source. Returns null if there is no answer. */
  fetch(url, signal) {
    const { session } = this.options;
    return fetch(url, { headers: session.headers, credentials: 'omit', cache: 'no-store', signal }).catch(() => null);
  }

  deliver(frame) {
    if (!this.abort.signal.aborted) this.options.onFrame(frame);
  }

  end(end) {
    if (this.abort.signal.aborted) return;
    this.abort.abort();
    this.options.onEnd(end);
  }

  /** Ends because of a refusal. A refused token is worth another try with a new one. */
  async endRefused(response) {
    const body = (await response.json().catch(() => null)) ?? {};
    const seconds = Number(response.headers.get('Retry-After')) || 0;
    const code = response.status === 401 ? 'token_expired' : body.code ?? `http_${response.status}`;
    this.end({ code, status: response.status, isFinal: response.status === 403, afterMs: body.retryAfterMs ?? seconds * 1000 });
  }

  async #post(frame) {
    const { endpoints, session } = this.options;
    const isMessage = frame.type === 'user';
    const response = await post(endpoints.call('messages'), { ...frame, sessionId: session.id }, session.headers).catch(() => null);
    if (!response) return isMessage && this.end({ code: 'unreachable' });
    if (response.status === 401) return this.end({ code: 'token_expired' });
    if (!isMessage) return;
    if (response.ok) return this.deliver(response.body);
    const temporary = response.body.temporary ?? (response.status === 429 || response.status >= 500);
    this.deliver({ code: `http_${response.status}`, ...response.body, type: 'error', id: frame.id, temporary, retryAfterMs: response.retryAfterMs });
  }
}

/** One long answer, an event for each frame. Read by `fetch`, since an EventSource can carry no token. */
class StreamTransport extends HTTPTransport {
  static welcomeTimeout = 4000;
  // The server writes a comment every 15 s.
  static silence = 40_000;

  name = 'sse';
  #reading = null;
  #timer = 0;
  #isWelcomed = false;

  connect() {
    this.#read();
  }

  send(frame) {
    // A stream can't be told of a new token: it's opened again with it, from the position on.
    if (frame.type === 'refresh') this.#read();
    else super.send(frame);
  }

  close() {
    clearTimeout(this.#timer);
    super.close();
    this.#reading?.abort();
  }

  async #read() {
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    const { endpoints, session, page, position } = this.options;
    this.#expectWithin(StreamTransport.welcomeTimeout, 'no_welcome');
    const response = await this.fetch(endpoints.call('stream', { session: session.id, page, ...position() }), AbortSignal.any([reading.signal, this.abort.signal]));
    if (reading.signal.aborted) return;
    if (!response) return this.#stop({ code: 'unreachable' });
    if (!response.ok || !response.body) return this.#refused(response);
    await this.#take(response.body.getReader(), reading).catch(() => {});
    if (!reading.signal.aborted) this.#stop({ code: 'connection_lost' });
  }

  /** An event ends with an empty line; what isn't data is of no use here, but proves life. */
  async #take(reader, reading) {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || reading.signal.aborted) return;
      this.#isWelcomed && this.#expectWithin(StreamTransport.silence, 'silence');
      text += decoder.decode(value, { stream: true });
      const events = text.split(/\r?\n\r?\n/);
      text = events.pop();
      for (const event of events) this.#takeEvent(event);
    }
  }

  #takeEvent(event) {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    if (lines.length === 0) return;
    const frame = parseObject(lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n'));
    if (frame?.event === 'welcome') {
      this.#isWelcomed = true;
      this.#expectWithin(StreamTransport.silence, 'silence');
    }
    if (frame) this.deliver(frame);
  }

  #refused(response) {
    clearTimeout(this.#timer);
    this.endRefused(response);
  }

  #expectWithin(milliseconds, code) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stop({ code }), milliseconds);
  }

  #stop(end) {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.end(end);
  }
}

/** Asks again and again; each answer waits until there is something. */
class PollTransport extends HTTPTransport {
  static wait = 25;

  name = 'poll';
  #client = randomId();

  connect() {
    this.#run();
  }

  async #run() {
    for (let isFirst = true; !this.abort.signal.aborted; isFirst = false) {
      const sent = this.options.position();
      const started = performance.now();
      // The first answer is the welcome and must not wait for news.
      const answer = await this.#poll(sent, isFirst ? 0 : PollTransport.wait);
      if (!answer || this.abort.signal.aborted) return;
      this.#handOut(answer, sent, isFirst);
      const isEmpty = answer.items.length === 0;
      if (isEmpty && !isFirst && performance.now() - started < 1000) await this.#pause(1000);
    }
  }

  /** One poll. Returns the answer with `items`, or null after an end. */
  async #poll(position, wait) {
    const { endpoints, session } = this.options;
    const signal = AbortSignal.any([this.abort.signal, AbortSignal.timeout((wait + 10) * 1000)]);
    const response = await this.fetch(endpoints.call('poll', { session: session.id, client: this.#client, ...position, wait }), signal);
    if (!response) return this.end({ code: 'unreachable' }), null;
    if (response.status === 204) return { epoch: position?.epoch, top: position?.seq, recovered: Boolean(position), items: [] };
    const body = response.ok ? await response.json().catch(() => null) : null;
    if (Array.isArray(body?.items)) return body;
    await this.endRefused(response);
    return null;
  }

  /** The first answer, a reset, and any answer to a poll without a position are snapshots: a welcome comes before them. */
  #handOut(answer, sent, isFirst) {
    if (isFirst || answer.reset || (!sent && answer.epoch)) {
      const durable = answer.items.filter((item) => Number.isInteger(item.seq));
      const top = durable.at(-1)?.seq ?? answer.top;
      const { epoch, recovered = false, reset = false } = answer;
      const expiresIn = this.options.session.secondsLeft;
      this.deliver({ type: 'system', event: 'welcome', epoch, top, recovered, reset, replayed: durable.length, expiresIn });
    }
    for (const item of answer.items) this.deliver(item);
  }

  #pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}
