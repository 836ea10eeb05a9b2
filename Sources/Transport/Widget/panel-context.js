// What goes along with a message, and only that: never a form's values, hidden fields, cookies, storage or
// the browser's name. The visitor sees it before and can switch off each part.

/** Where visitors type, and what a site has marked as nobody's business. */
const PRIVATE = 'input, textarea, select, option, output, [contenteditable], [data-chat-private], script, style, template, noscript';

/** The text of a part of the page without anything that was typed into it; at most `longest` characters. */
function visibleText(node, longest) {
  if (node.closest(PRIVATE)) return '';
  let text = '';
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (child) =>
    child.nodeType === Node.ELEMENT_NODE && (child.matches(PRIVATE) || child.hidden) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  while (walker.nextNode() && text.length < 4 * longest) {
    if (walker.currentNode.nodeType === Node.TEXT_NODE) text += `${walker.currentNode.data} `;
  }
  return Array.from(text.replace(/\s+/g, ' ').trim()).slice(0, longest).join('');
}

class PageContext {
  static mostBytes = 4096;

  /** The line that says what is sent, and opens it. */
  node;
  /** A path that the site has set, for pages that change without a load. */
  #page = {};
  #vars = {};
  #element = null;
  #isOn = new Map();
  #summary = element('summary', {});
  #exact = element('pre', { class: 'exact', tabindex: '0', dir: 'ltr', role: 'group', 'aria-label': say('context.exact') });

  constructor(parts) {
    for (const part of parts) this.#isOn.set(part, true);
    const switches = parts.map((part) => {
      const box = element('input', { type: 'checkbox', checked: true });
      box.addEventListener('change', () => (this.#isOn.set(part, box.checked), this.refresh()));
      return element('label', {}, box, say(`context.${part}`));
    });
    const body = element('div', { class: 'context-body' }, ...switches, this.#exact);
    this.node = element('details', { class: 'context', hidden: parts.length === 0, toggle: () => this.refresh() }, this.#summary, body);
  }

  get page() {
    return String(this.#page.path ?? location.pathname).slice(0, 2048);
  }

  get element() {
    return this.#element;
  }

  setPage(page) {
    this.#page = page ?? {};
    this.refresh();
  }

  /** Up to 20 pairs of the site's own; `null` takes one away. */
  setVars(values) {
    for (const [key, value] of Object.entries(values ?? {})) {
      if (value === null) delete this.#vars[key];
      else if (['string', 'number', 'boolean'].includes(typeof value)) this.#vars[key] = value;
    }
    this.#vars = Object.fromEntries(Object.entries(this.#vars).slice(0, 20));
    if (!this.#isOn.has('vars')) this.#isOn.set('vars', true);
    this.refresh();
  }

  setElement(place) {
    this.#element = place;
    this.refresh();
  }

  /** Exactly what would be sent. */
  collect() {
    const sources = {
      page: () => this.page,
      url: () => location.origin + location.pathname,
      title: () => String(this.#page.title ?? document.title).replace(/^\(\d+\) /, '').slice(0, 200),
      viewport: () => ({ width: innerWidth, height: innerHeight }),
      locale: () => (document.documentElement.lang || navigator.language).slice(0, 40),
      errors: () => this.#errors(),
      vars: () => (Object.keys(this.#vars).length > 0 ? { ...this.#vars } : undefined),
    };
    const context = {};
    for (const [part, source] of Object.entries(sources)) {
      const value = this.#isOn.get(part) ? source() : undefined;
      if (value !== undefined && value !== '') context[part] = value;
    }
    // What the visitor has pointed at is sent because it was pointed at.
    if (this.#element) context.selectedElement = this.#element;
    for (const part of ['errors', 'title', 'vars', 'url']) {
      if (byteLength(JSON.stringify(context)) <= PageContext.mostBytes) break;
      delete context[part];
    }
    return context;
  }

  refresh() {
    const context = this.collect();
    const names = Object.keys(context).map((key) => say(`context.${key === 'selectedElement' ? 'element' : key}`));
    this.#summary.textContent = say('context', { parts: names.length > 0 ? lists.format(names) : say('context.none') });
    this.#exact.textContent = JSON.stringify(context, null, 2);
  }

  #errors() {
    const found = Array.from(document.querySelectorAll('[role=alert]'), (node) => visibleText(node, 200)).filter(Boolean);
    return found.length > 0 ? found.slice(0, 5) : undefined;
  }
}
