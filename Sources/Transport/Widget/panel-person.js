/** Who answers, under the heading: a button that asks for a person where the site offers one, and who is there or awaited. */
class PersonLine {
  node = element('div', { class: 'person', part: 'person', hidden: true });
  #onAsk;

  constructor(onAsk) {
    this.#onAsk = onAsk;
  }

  /** `agent` is the name of the person who has the conversation. */
  show(state, { isOffered, agent }) {
    const parts = {
      waiting: () => [this.#sign(), element('span', {}, say('person.waiting'))],
      human: () => [this.#sign(), element('bdi', {}, say('person.human', { name: agent || say('person.someone') }))],
    }[state]?.();
    const button = isOffered && makeButton(this.#onAsk, {}, say('person.ask'));
    const children = parts ?? (button ? [button] : []);
    this.node.dataset.state = state;
    this.node.hidden = children.length === 0;
    this.node.replaceChildren(...children);
  }

  #sign() {
    return element('span', { class: 'person-sign', 'aria-hidden': 'true' });
  }
}
