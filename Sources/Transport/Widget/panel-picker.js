/**
 * "Show the place": the visitor points at a part of the page. The chat stays usable meanwhile, and of the
 * page's events only the click that picks is kept from it.
 */
class Picker {
  #host;
  #actions;
  #target = null;
  #end = null;
  #sheet;
  #frame = element('div', { class: 'picker-frame', 'aria-hidden': 'true', hidden: true });
  #bar;

  /** `actions`: picked(place), announce(text), ended(). */
  constructor(host, actions) {
    this.#host = host;
    this.#actions = actions;
    this.#sheet = host.addStyle('');
    const cancel = makeButton(() => this.stop(), { 'aria-label': say('cancel') }, icons.close());
    // An application, since the arrow keys mean something else here than in a text.
    this.#bar = element('div', { class: 'picker-bar', role: 'application', tabindex: '-1', 'aria-label': say('picking') }, element('span', {}, say('picking')), cancel);
  }

  get isActive() {
    return this.#end !== null;
  }

  start() {
    if (this.isActive) return;
    this.#end = new AbortController();
    const options = { capture: true, signal: this.#end.signal };
    addEventListener('pointermove', (event) => this.#pointed(event), options);
    addEventListener('keydown', (event) => this.#pressed(event), options);
    for (const name of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) addEventListener(name, (event) => this.#clicked(event), options);
    addEventListener('scroll', () => this.#draw(), options);
    addEventListener('resize', () => this.#draw(), options);
    this.#host.root.classList.add('picking');
    // Under the panel, which stays usable.
    this.#host.root.prepend(this.#frame);
    this.#host.root.append(this.#bar);
    this.#bar.focus({ preventScroll: true });
    this.#show(document.querySelector('main') ?? document.body);
  }

  stop() {
    if (!this.isActive) return;
    this.#end.abort();
    this.#end = null;
    this.#host.root.classList.remove('picking');
    this.#frame.remove();
    this.#bar.remove();
    this.#actions.ended();
  }

  #isOurs(event) {
    return event.composedPath().includes(this.#host.element);
  }

  #pointed(event) {
    const [target] = event.composedPath();
    if (!this.#isOurs(event) && target instanceof Element) this.#show(target);
  }

  #clicked(event) {
    if (this.#isOurs(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const [target] = event.composedPath();
    if (event.type === 'click' && target instanceof Element) this.#pick(target);
  }

  #pressed(event) {
    if (event.key === 'Escape' && !event.isComposing) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return this.stop();
    }
    // In the composer the keys are the text's.
    if (event.composedPath()[0] !== this.#bar && this.#isOurs(event)) return;
    const next = { ArrowUp: parentOf, ArrowDown: firstChildOf, ArrowLeft: previousOf, ArrowRight: nextOf }[event.key];
    if (!next && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === 'Enter') return this.#pick(this.#target);
    const target = next(this.#target);
    if (!target || target === this.#host.element || target === document.documentElement) return;
    target.scrollIntoView({ block: 'nearest' });
    this.#show(target);
    this.#actions.announce(nameOf(target));
  }

  #pick(target) {
    const place = { selector: selectorOf(target), tag: target.localName.slice(0, 32) };
    const text = visibleText(target, 100);
    if (text !== '') place.text = text;
    this.stop();
    this.#actions.picked(place);
  }

  #show(target) {
    this.#target = target;
    this.#frame.hidden = false;
    this.#draw();
  }

  #draw() {
    const { top, left, width, height } = this.#target.getBoundingClientRect();
    this.#sheet.replaceSync(`.picker-frame { top: ${top}px; left: ${left}px; width: ${width}px; height: ${height}px; }`);
  }
}

const isVisible = (node) => node.checkVisibility?.() ?? true;
const parentOf = (node) => node.parentElement ?? node.getRootNode().host;
const childrenOf = (node) => [...(node.shadowRoot?.children ?? node.children)].filter((child) => isVisible(child) && child.localName !== 'claude-chat-widget');
const firstChildOf = (node) => childrenOf(node)[0];
const nextOf = (node) => siblingOf(node, 1);
const previousOf = (node) => siblingOf(node, -1);

function siblingOf(node, step) {
  const siblings = parentOf(node) ? childrenOf(parentOf(node)) : [];
  return siblings[siblings.indexOf(node) + step];
}

const nameOf = (node) => [node.localName, node.getAttribute('aria-label') ?? visibleText(node, 60)].filter(Boolean).join(' ');

/** A short selector, from what sites name their parts by: id, test id, name, role; else the way from there. */
function selectorOf(node) {
  const steps = [];
  for (let current = node; current && current !== document.body && steps.length < 5; current = current.parentElement) {
    const own = namedBy(current);
    steps.unshift(own ?? stepOf(current));
    if (own) break;
  }
  return (steps.join(' > ') || 'body').slice(0, 300);
}

function namedBy(node) {
  if (node.id) return `#${CSS.escape(node.id)}`;
  const attribute = ['data-testid', 'name', 'role'].find((name) => node.getAttribute(name));
  return attribute && `${node.localName}[${attribute}="${CSS.escape(node.getAttribute(attribute))}"]`;
}

function stepOf(node) {
  const alike = [...(node.parentElement?.children ?? [])].filter((other) => other.localName === node.localName);
  return alike.length > 1 ? `${node.localName}:nth-of-type(${alike.indexOf(node) + 1})` : node.localName;
}
