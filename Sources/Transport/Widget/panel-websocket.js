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
      this.socket = new WebSocket(endpoints.socket({ session: session.id, page, ...position() }), session.protocols);
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
