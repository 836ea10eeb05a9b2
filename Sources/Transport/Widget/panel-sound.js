/** Two soft tones, made on the spot: no file to load, and nothing that a content policy could refuse. */
class Sound {
  static pause = 3000;

  #mode;
  #record;
  #audio = null;
  #isArmed = false;
  #last = -Infinity;

  /** `mode`: hidden (only where the visitor doesn't look), on, or off; `record` remembers the mute button. */
  constructor(mode, record) {
    this.#mode = mode;
    this.#record = record;
  }

  get isOffered() {
    return this.#mode !== 'off';
  }

  get isOn() {
    return this.isOffered && this.#record.read().isMuted !== true;
  }

  set mode(mode) {
    this.#mode = mode;
  }

  toggle() {
    this.#record.write({ isMuted: this.isOn });
  }

  /** The visitor has used the chat on this page; before that a page makes no noise. */
  arm() {
    this.#isArmed = true;
  }

  /** Plays, if it may. */
  play(isSeen) {
    if (!this.isOn || !this.#isArmed || (this.#mode === 'hidden' && isSeen)) return;
    if (performance.now() - this.#last < Sound.pause) return;
    this.#last = performance.now();
    try {
      this.#audio ??= new AudioContext();
      [660, 880].forEach((pitch, index) => this.#tone(pitch, this.#audio.currentTime + index * 0.12));
    } catch {
      // No sound device: the badge says it all the same.
    }
  }

  #tone(pitch, start) {
    const oscillator = new OscillatorNode(this.#audio, { frequency: pitch });
    const volume = new GainNode(this.#audio, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.08, start + 0.02);
    volume.gain.linearRampToValueAtTime(0, start + 0.18);
    oscillator.connect(volume).connect(this.#audio.destination);
    oscillator.start(start);
    oscillator.stop(start + 0.18);
  }
}
