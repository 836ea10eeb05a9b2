/*
 * Claude Chat, the widget: one script tag puts the chat on a page.
 *
 *   <script async src="https://chat.example.com/claude-chat.js"></script>
 *
 * This is the part that every page loads: the button in the corner, the hotkey, and `claudeChat` for
 * the page. The panel comes with the first opening. The attributes of the tag are in `Settings`;
 * Documentation/Widget.md says what they mean.
 *
 * Names in capitals with two underscores around them are put in by the server: see WidgetBundle.swift.
 */
(() => {
  'use strict';

  // A second tag, or a router that runs scripts again, must not make a second widget.
  const LOADED = Symbol.for('claude-chat');
  if (window[LOADED]) return;
  window[LOADED] = true;

  // Only valid while the script itself runs; null for a module, which then looks for its tag.
  const TAG = document.currentScript ?? document.querySelector('script[src*="claude-chat.js"]');
  /** Names of the other files; they change with the contents, so that browsers may keep them for ever. */
  const FILES = __FILES__;
  /** What the launcher says, by language. */
  const TEXTS = __LAUNCHER_TEXTS__;
  const STYLE = __LAUNCHER_STYLE__;

  const warn = (text) => console.warn(`claude-chat: ${text}`);

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

  // -------------------------------------------------------------------------------- settings

  const CHOICES = {
    position: ['end', 'start'],
    theme: ['auto', 'light', 'dark'],
    session: ['browser', 'tab'],
  };

  /** What the tag says, checked once; an unknown value is a warning and the default. The panel reads its own part. */
  class Settings {
    constructor(tag) {
      const data = (this.data = { ...tag?.dataset });
      this.site = data.site ?? '';
      /** Where the files are. */
      this.source = tag?.src ? new URL(tag.src, location.href) : new URL('/', location.href);
      this.server = this.#origin(data.server);
      this.identity = data.identity || null;
      this.launcher = this.#launcher(data.launcher);
      this.hotkey = Hotkey.parse(data.hotkey ?? 'ctrl+shift+c');
      this.choose(CHOICES);
      this.lang = this.#language(data.lang ?? 'auto');
    }

    /** Both storages use one key for each site, so that two sites on one origin stay apart. */
    get storageKey() {
      return `claude-chat:${this.site || 'default'}`;
    }

    /** Takes the values of attributes that have a few; the first is the default. */
    choose(choices) {
      for (const [name, allowed] of Object.entries(choices)) {
        const value = this.data[name] ?? allowed[0];
        this[name] = allowed.includes(value) ? value : allowed[0];
        if (this[name] !== value) warn(`data-${name}: unknown value "${value}"; use ${allowed.join(' or ')}`);
      }
    }

    /** The first of the tag's, the page's and the browser's languages that there are texts for. */
    #language(value) {
      const wanted = value === 'auto' ? [document.documentElement.lang, ...(navigator.languages ?? [])] : [value];
      const found = wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => TEXTS[tag]);
      if (value !== 'auto' && !found) warn(`data-lang: there are no texts in "${value}"; use auto or ${Object.keys(TEXTS).join(' or ')}`);
      return found ?? 'en';
    }

    /** A selector of the site's own buttons, or `none`; empty for the round one. */
    #launcher(value = '') {
      try {
        if (value) document.querySelector(value);
        return value;
      } catch {
        warn(`data-launcher: "${value}" is no selector; the chat's own button is there`);
        return '';
      }
    }

    #origin(value) {
      try {
        if (value) return new URL(value, location.href).origin;
      } catch {
        warn(`data-server: "${value}" is no address; the script's own server is used`);
      }
      return this.source.origin;
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

  // ---------------------------------------------------------------------------- visible parts

  /** The widget's one element on the page, with everything of it in a shadow tree. */
  class Host {
    element = document.createElement('claude-chat-widget');
    root;
    #observer = new MutationObserver(() => this.element.isConnected || this.place());

    constructor(settings, launcher) {
      const { lang, theme, position } = settings;
      this.element.attachShadow({ mode: 'open' });
      this.root = element('div', { class: 'root', lang, dir: lang === 'ar' ? 'rtl' : 'ltr', 'data-theme': theme, 'data-position': position }, launcher);
      this.addStyle(STYLE);
      this.element.shadowRoot.append(this.root);
    }

    get activeElement() {
      return this.element.shadowRoot.activeElement;
    }

    /** A constructed sheet needs no permission of the page's content policy, and reaches only the shadow tree. */
    addStyle(text) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      this.element.shadowRoot.adoptedStyleSheets.push(sheet);
      return sheet;
    }

    /** Appends the widget to the body, and again if a page change by script takes it away. */
    place() {
      if (!document.body) return;
      document.body.append(this.element);
      this.#observer.disconnect();
      this.#observer.observe(document.documentElement, { childList: true });
      this.#observer.observe(document.body, { childList: true });
    }

    remove() {
      this.#observer.disconnect();
      this.element.remove();
    }
  }

  // ----------------------------------------------------------------------------------- panel

  const settings = new Settings(TAG);
  const tab = new StoredRecord('sessionStorage', `${settings.storageKey}:tab`);
  /** What the tabs of a conversation share. */
  const record = new StoredRecord(settings.session === 'tab' ? 'sessionStorage' : 'localStorage', settings.storageKey);
  /** The round button in the corner. */
  const launcher = element(
    'button',
    {
      class: 'launcher', part: 'launcher', type: 'button', hidden: settings.launcher !== '', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', 'aria-label': TEXTS[settings.lang].launcher,
      click: () => act('toggle'), pointerenter: () => preload(), focus: () => preload(),
    },
    icon('M20 11.5a7.5 7.5 0 0 1-7.5 7.5c-1.2 0-2.4-.3-3.4-.8L4 20l1.7-4.4A7.5 7.5 0 1 1 20 11.5Z', 'M9.2 11.5h.01M12.5 11.5h.01M15.8 11.5h.01'),
  );
  const host = new Host(settings, launcher);
  const trouble = element('div', { class: 'trouble', role: 'alert' });
  let chat = null;
  let starting = null;
  let loading = null;

  const address = (name) => new URL(name, settings.source).href;

  /** A page handler that throws is reported by the browser and disturbs nothing here. */
  const emit = (name, detail) => dispatchEvent(new CustomEvent(`claude-chat:${name}`, { detail: Object.freeze(detail) }));

  /** Fetches the panel and its texts; a server that was renewed meanwhile has them under their plain names. */
  function load() {
    const texts = async () => {
      const name = FILES[settings.lang];
      // English is part of the panel.
      return name ? (await fetch(address(name), { credentials: 'omit' })).json().catch(() => ({})) : {};
    };
    const script = import(address(FILES.panel)).catch(() => import(address(`claude-chat-panel.js?${Date.now()}`)));
    return Promise.all([script, texts().catch(() => ({}))]);
  }

  function preload() {
    loading ??= load();
    loading.catch(() => (loading = null));
    return loading;
  }

  /** The chat itself, from its first use on. */
  function start() {
    starting ??= preload().then(
      ([script, texts]) => {
        trouble.remove();
        return (chat = script.default({ settings, tab, record, host, launcher, texts, prepared, element, icon, warn, emit }));
      },
      () => {
        starting = null;
        trouble.textContent = TEXTS[settings.lang].launcherFailed;
        host.root.append(trouble);
        throw Object.assign(new Error('the panel could not be loaded'), { code: 'not-ready' });
      },
    );
    return starting;
  }

  /** What a click or a key asks for; a failure is shown at the launcher. */
  const act = (name, ...values) => start().then((it) => it[name](...values)).catch(() => {});

  // ------------------------------------------------------------------------------ the global

  // These start the chat; these wait for it, since nothing is to be seen of them before.
  const STARTING = ['open', 'toggle', 'send', 'prefill', 'startPicker', 'collectPageContext', 'reset'];
  const WAITING = ['identify', 'setContext', 'setPage', 'setSound', 'setTexts', 'beforeSend'];
  const prepared = [];
  const listeners = new Map();
  let isReady;

  const methods = {
    close: async () => chat?.close(),
    show: async () => void (host.element.hidden = false),
    hide: async () => void (host.element.hidden = true),
    setTheme: async (name) => void (host.root.dataset.theme = CHOICES.theme.includes(name) ? name : 'auto'),
    destroy: async () => remove(),
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
    push: ([name, ...values]) => methods[name]?.(...values),
    ready: new Promise((resolve) => (isReady = resolve)),
    get state() {
      return chat?.state ?? idleState();
    },
  };
  for (const name of STARTING) methods[name] = async (...values) => (await methods.ready, (await start())[name](...values));
  for (const name of WAITING) {
    methods[name] = async (...values) => (chat ? chat[name](...values) : starting ? (await starting)[name](...values) : void prepared.push([name, values]));
  }
  Object.assign(methods, { toggleChat: methods.toggle, sendMessage: methods.send, startElementSelection: methods.startPicker });

  /** What the page sees before the chat has been used. */
  function idleState() {
    return Object.freeze({
      isConnected: false, websocket: null, isOpen: false, unread: 0, sessionId: record.read().session ?? null, page: location.pathname, transport: null,
      connection: 'idle', conversation: 'bot', position: null, outbox: 0, lastError: null,
    });
  }

  /** A click on a button of the site's own, whenever it came to the page. */
  function clicked(event) {
    if (settings.launcher && event.target.closest?.(settings.launcher)) act('toggle');
  }

  function pressed(event) {
    if (event.repeat || !settings.hotkey?.matches(event)) return;
    event.preventDefault();
    act('toggle');
  }

  /** Puts the widget on the page, as the visitor left it on the page before. */
  function attach() {
    host.place();
    addEventListener('keydown', pressed);
    addEventListener('click', clicked);
    const { isOpen, outbox } = tab.read();
    if (isOpen) act('open', { takesFocus: false });
    // Something unsent, or a reply that may have come since: what is unread is counted.
    else if (outbox?.length > 0 || Date.now() - record.read().usedAt < 86_400_000) act('lookForNews');
    isReady();
    emit('ready', {});
  }

  function remove() {
    removeEventListener('keydown', pressed);
    removeEventListener('click', clicked);
    chat?.end();
    host.remove();
    delete window[LOADED];
    delete window.claudeChat;
  }

  if (document.body) attach();
  else addEventListener('DOMContentLoaded', attach, { once: true });
  const early = window.claudeChat;
  window.claudeChat = Object.freeze(methods);
  if (Array.isArray(early)) for (const call of early) methods.push(call);
})();
