/** The two thumbs under each reply. What the visitor thought stays for the tab's life; the server keeps it with the reply. */
class Ratings {
  static mostKept = 50;

  #tab;
  #actions;
  #values;

  /** `actions`: send(id, value), which resolves with whether the server has it, and announce(text). */
  constructor(tab, actions) {
    this.#tab = tab;
    this.#actions = actions;
    const kept = tab.read().ratings;
    this.#values = new Map(Array.isArray(kept) ? kept.filter(Array.isArray) : []);
  }

  /** The buttons for a reply; of two at most one is pressed, and a second press takes it back. */
  node(id) {
    const buttons = [['up', icons.thumbUp, 'goodReply'], ['down', icons.thumbDown, 'badReply']].map(([value, icon, text]) => {
      const button = makeButton(() => this.#press(id, value, show), { class: 'plain small', title: say(text), 'aria-label': say(text) }, icon());
      return { value, button };
    });
    const show = () => {
      for (const { value, button } of buttons) button.setAttribute('aria-pressed', String(this.#values.get(id) === value));
    };
    show();
    return element('div', { class: 'rating', role: 'group', 'aria-label': say('rating') }, ...buttons.map(({ button }) => button));
  }

  async #press(id, pressed, show) {
    const before = this.#values.get(id);
    const value = pressed === before ? 'none' : pressed;
    this.#keep(id, value);
    show();
    if (await this.#actions.send(id, value)) {
      if (value !== 'none') this.#actions.announce(say('rated'));
      return emit('feedback', { id, value });
    }
    // Somebody may have pressed again meanwhile; that press is on its own way.
    if ((this.#values.get(id) ?? 'none') !== value) return;
    this.#keep(id, before ?? 'none');
    show();
    this.#actions.announce(say('notRated'));
  }

  #keep(id, value) {
    this.#values.delete(id);
    if (value !== 'none') this.#values.set(id, value);
    for (const oldest of [...this.#values.keys()].slice(0, -Ratings.mostKept)) this.#values.delete(oldest);
    this.#tab.write({ ratings: [...this.#values] });
  }
}
