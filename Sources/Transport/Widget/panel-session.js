/** The addresses of the server. */
class Endpoints {
  #settings;

  constructor(settings) {
    this.#settings = settings;
  }

  /** A call of HTTP: `session`, `messages`, `poll`, `stream`, `feedback` or `history`. A position in `query` is `{epoch, seq}`. */
  call(name, query) {
    return this.#url(`/api/chat/${name}`, query);
  }

  socket(query) {
    const url = new URL(this.#url('/ws/chat', query));
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url.href;
  }

  #url(path, query = {}) {
    const url = new URL(path, this.#settings.server);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name === 'seq' ? 'since' : name, value);
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

  constructor(settings, endpoints, record) {
    this.#settings = settings;
    this.#endpoints = endpoints;
    this.#identity = settings.identity;
    this.#record = record;
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
      response = await post(this.#endpoints.call('session'), body);
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

/** The newest messages, or those of a range of `{limit, before, epoch}`: `{epoch, items}`, or null. */
async function getHistory(endpoints, session, range) {
  const url = endpoints.call('history', { session: session.id, ...range });
  const response = await fetch(url, { headers: session.headers, credentials: 'omit', cache: 'no-store' }).catch(() => null);
  const answer = response?.ok ? await response.json().catch(() => null) : null;
  return Array.isArray(answer?.items) ? { epoch: answer.epoch, items: answer.items.filter(isDurable) } : null;
}

/** POSTs JSON. Throws if there is no answer at all; `body` is `{}` if the answer isn't a JSON object. */
async function post(url, value, headers = {}, options = {}) {
  const response = await fetch(url, {
    ...options,
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
