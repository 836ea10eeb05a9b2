// What the visitor reads. All texts are in texts.LANGUAGE.json; English is part of the panel and stands in
// for what a language lacks.

const ENGLISH = __ENGLISH__;

let texts = ENGLISH;
let plurals = new Intl.PluralRules('en');
let clock;
let calendar;
let lists;

function useTexts(language, translated) {
  const missing = Object.keys(translated).length > 0 ? Object.keys(ENGLISH).filter((key) => !(key in translated)) : [];
  if (missing.length > 0) warn(`texts in "${language}": ${missing.join(', ')} missing`);
  texts = { ...ENGLISH, ...translated };
  plurals = new Intl.PluralRules(language);
  clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  lists = new Intl.ListFormat(language);
  calendar = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' });
}

/** The site's own wording for some of the texts. */
function replaceTexts(values) {
  for (const [key, value] of Object.entries(values)) {
    if (key in ENGLISH && (typeof value === 'string' || typeof value?.other === 'string')) texts[key] = value;
    else warn(`setTexts: there is no text "${key}"`);
  }
}

/** A text with its `{places}` filled; one that counts has a form for each of the language's plurals. */
function say(key, values = {}) {
  const text = texts[key];
  const form = typeof text === 'object' ? text[plurals.select(values.count)] ?? text.other : text ?? '';
  return form.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** Why something was refused, by the server's code. */
const reasonFor = (code, otherwise) => say(`reason.${code}`) || say(otherwise);

function dayName(time) {
  const day = new Date();
  if (time.toDateString() === day.toDateString()) return say('today');
  day.setDate(day.getDate() - 1);
  return time.toDateString() === day.toDateString() ? say('yesterday') : calendar.format(time);
}
