/*
 * The panel of the chat, fetched at its first opening. The loader is loader.js.
 *
 * The server puts these files together into one module, in this order: start, texts, session, delivery,
 * transports, tabs, connection, markdown, messages, composer, person, frame, back, context, picker, sound, chat. They share
 * one scope. Comment lines and indentation don't travel.
 *
 * Two rules hold everywhere. Text from anybody becomes a text node, never markup. And nothing here
 * decides about answers: the same text gets the same reply on every transport.
 */

// What the loader has already; filled before anything here is made.
let element, icon, warn, emit;

/** Called once by the loader, with what it has. Returns the chat. */
export default function begin(kit) {
  ({ element, icon, warn, emit } = kit);
  readSettings(kit.settings);
  useTexts(kit.settings.lang, kit.texts);
  kit.host.addStyle(PANEL_STYLE);
  // What the page has called before there was a chat. Other words are needed first.
  for (const [name, values] of kit.prepared) if (name === 'setTexts') replaceTexts(...values);
  const chat = new Chat(kit);
  const made = kit.prepared.filter(([name]) => name !== 'setTexts');
  for (const [name, values] of made) Promise.resolve(chat[name](...values)).catch((error) => warn(`${name}: ${error.code ?? error}`));
  return chat;
}

/** A button that does what `click` says. */
const makeButton = (click, attributes, ...children) => element('button', { type: 'button', click, ...attributes }, ...children);

const icons = {
  close: () => icon('M6.5 6.5l11 11M17.5 6.5l-11 11'),
  down: () => icon('M6 9.5l6 6 6-6'),
  send: () => icon('M12 19V5M6 11l6-6 6 6'),
  place: () => icon('M12 3v4M12 17v4M3 12h4M17 12h4', 'M16 12a4 4 0 1 1-8 0a4 4 0 0 1 8 0Z'),
  sound: () => icon('M5 10v4h3l4 3.5v-11L8 10Z', 'M15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11'),
  thumbUp: () => icon('M7 11v9H4v-9ZM7 11l4-8a2.4 2.4 0 0 1 2.4 2.4V9H19a2 2 0 0 1 2 2.3l-1.2 7A2 2 0 0 1 17.8 20H7'),
  thumbDown: () => icon('M17 13V4h3v9ZM17 13l-4 8a2.4 2.4 0 0 1-2.4-2.4V15H5a2 2 0 0 1-2-2.3l1.2-7A2 2 0 0 1 6.2 4H17'),
  mute: () => icon('M5 10v4h3l4 3.5v-11L8 10Z', 'M16 9.5l5 5M21 9.5l-5 5'),
};

const CONTEXT_PARTS = ['page', 'title', 'viewport', 'locale', 'url', 'errors', 'element', 'vars'];

/** The attributes of the tag that the loader has no use for. */
function readSettings(settings) {
  settings.choose({
    background: ['auto', 'off', 'on'],
    sound: ['hidden', 'off', 'on'],
    title: ['off', 'count'],
    share: ['tabs', 'off'],
    back: ['close', 'off'],
    events: ['ids', 'text'],
  });
  const parts = (settings.data.context ?? 'page title viewport locale').split(/[\s,]+/).filter((part) => part !== '' && part !== 'none');
  settings.context = parts.filter((part) => CONTEXT_PARTS.includes(part));
  const unknown = parts.find((part) => !CONTEXT_PARTS.includes(part));
  if (unknown) warn(`data-context: unknown value "${unknown}"; use none or some of ${CONTEXT_PARTS.join(' ')}`);
}

const PANEL_STYLE = __PANEL_STYLE__;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 22 random base64url characters: 132 bits, so ids of two tabs never meet. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(22));
  return Array.from(bytes, (byte) => BASE64URL[byte & 63]).join('');
}

/** The server's limits count bytes of UTF-8, not characters. */
const byteLength = (text) => new TextEncoder().encode(text).length;

/** An error whose `code` a page can act upon. */
function failure(code, text) {
  return Object.assign(new Error(text ?? code), { code });
}

function deferred() {
  let resolve, reject;
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
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
