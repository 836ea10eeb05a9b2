#!/usr/bin/env python3
"""Writes a corpus for benchmarks: rule patterns and visitor messages, the same for the same seed.

    Benchmarks/corpus.py [--seed 1] [--out .] [--words FILE]

Files written: rules-50.tsv, rules-1000.tsv, rules-10000.tsv, messages.txt; one above 1 MB is gzipped.
Words come from FILE, else from Debian's wamerican list, else from a built-in list.
"""
import argparse
import codecs
import gzip
import random
import re
from pathlib import Path

RULE_COUNTS = (50, 1_000, 10_000)
MESSAGE_COUNT = 2_000
GZIP_ABOVE_BYTES = 1_000_000
LONGEST_PATTERN = 400
DICTIONARY = Path("/usr/share/dict/words")  # package wamerican

# --- What visitors of a support chat talk about -------------------------------------------------

def listed(text):
    return [word.strip() for word in text.split(",")]

PROBLEMS = listed(
    "broken, error, issue, crash, fails, failed, freezes, stuck, missing, wrong, bug, glitch, exception, timeout, "
    "blank, empty, denied, invalid, lost, duplicate, corrupt, rejected, expired, locked, unreachable")
SLOWNESS = listed(
    "slow, loading, lag, laggy, sluggish, hangs, spinner, delay, latency, takes forever, unresponsive, cpu, memory")
WIDGETS = listed(
    "dropdown, select, option, button, menu, modal, dialog, checkbox, form, field, tooltip, sidebar, tab, table, "
    "column, header, footer, icon, popup, slider, calendar, picker, badge, navbar, toolbar, breadcrumb, accordion, "
    "carousel, toggle, textarea")
LOOKS = listed(
    "color, colour, css, design, font, theme, dark mode, layout, spacing, margin, padding, contrast, alignment, logo, "
    "background, border, width, responsive")
FEATURES = listed(
    "login, checkout, cart, dashboard, ticket list, search, invoice, export, import, upload, profile, settings, "
    "password, notification, email, attachment, report, billing, subscription, refund, shipping, payment, coupon, "
    "account, calendar sync, webhook, api key, two factor, sso, queue, agent view, article editor, translation, "
    "backup, printer, mobile app, android, iphone, firefox, safari, chrome")
GREETINGS = listed(
    "hi, hello, hey, good morning, good evening, howdy, greetings, hallo, guten tag, bonjour, salut, hola, "
    "buenos días, ciao, cześć, olá")
OTHER_LANGUAGES = listed(
    "größe, müde, schließen, öffnen, écran, problème, lenteur, erreur, über, köszönöm, błąd, wolno, añadir, "
    "contraseña, configuração, σφάλμα, αργός, ошибка")
FILLER = (
    "the a to and of in is it that for on with as you this be are was have not but can at what when my your all we or "
    "if there how will one about out up time them then some would make like into him has more two go see no way could "
    "people than first been call who its now find long down day did get come made may part").split()

# Built-in vocabulary: compounds that look like product terms. Used where no word list is at hand.
FIRST_HALVES = (
    "air back base bell blue book brand bright card cloud cold core cross data day deep desk door field file fire flow "
    "fore form front glass gold grand green ground half hand head high home key land lead light line link load loop "
    "mail main map mark mesh mid mind net night north note over page path pin plan point power print quick rail rain "
    "red ring road root sand scan sea side sign silver sky snow south star stone storm sun team text tide time top "
    "track trade under water wave way web west wide wind wire wood word work").split()
SECOND_HALVES = (
    "bank beam board bolt book bound box bridge cast clip craft crest deck dock drop field flow fold force form frame "
    "front gate graph grid guard guide harbor hatch hold house hub kit lane layer leaf ledger lens lift line lock loft "
    "mark mill mint node pad patch pilot plan point port post press probe pulse quest rack ramp").split()
# A few dictionary words have no place in a support chat (rot13, so that they have none here either).
UNWANTED = re.compile(codecs.decode("^(?:avtt|shpx|phag|fuvg|snt|enc(?:r|vfg)|jube|fyhg|xvxr|fcvpf?$|jbcf?$|qntb|pbba|puvax|tbbx|anmv|pbpx|gvgf?$|qlxr|ovgpu|dhrre)", "rot13"))


def read_words(path):
    """Lower-case words of 4 to 11 letters, in the order of the list."""
    if path is None and DICTIONARY.exists():
        path = DICTIONARY
    if path is None:
        words = [first + second for first in FIRST_HALVES for second in SECOND_HALVES if first != second]
    else:
        words = Path(path).read_text(encoding="utf-8").split()
    return [w for w in words if w.isalpha() and w.islower() and 4 <= len(w) <= 11 and not UNWANTED.search(w)]


# --- Rules --------------------------------------------------------------------------------------

def literal(phrase):
    """The phrase as a pattern: special characters escaped, any white space between words."""
    return r"\s+".join(re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", word) for word in phrase.split())


def any_of(phrases):
    return "(?:" + "|".join(literal(p) for p in phrases) + ")"


class RuleWriter:
    """Makes patterns of eight shapes, in the proportions of a real support rule set."""

    # (share, shape): the shares add up to 1
    SHAPES = ((0.30, "words"), (0.26, "gap"), (0.16, "capture"), (0.12, "lookahead"),
              (0.06, "unless"), (0.04, "greeting"), (0.03, "backref"), (0.03, "intl"))

    def __init__(self, rng, rule_count, words):
        self.rng = rng
        # The more rules, the larger the product vocabulary that they talk about.
        self.terms = words[:max(60, rule_count // 3)]
        self.share_of_known = 0.75 if rule_count <= 50 else 0.35 if rule_count <= 1_000 else 0.2

    def rule(self):
        """One (shape, pattern)."""
        shapes = [shape for _, shape in self.SHAPES]
        shape = self.rng.choices(shapes, [share for share, _ in self.SHAPES])[0]
        return shape, getattr(self, shape)()

    def topics(self, low, high):
        """Between low and high things a rule is about, without repeats."""
        picked = []
        for _ in range(self.rng.randint(low, high)):
            known = self.rng.random() < self.share_of_known
            picked.append(self.rng.choice(FEATURES + WIDGETS if known else self.terms))
        return list(dict.fromkeys(picked))

    def some(self, phrases, low, high):
        return self.rng.sample(phrases, self.rng.randint(low, min(high, len(phrases))))

    def inflected(self, phrases):
        endings = ("", "", "", "s?", "(?:s|ed|ing)?")
        return "(?:" + "|".join(literal(p) + self.rng.choice(endings) for p in phrases) + ")"

    def words(self):
        return rf"\b{self.inflected(self.topics(2, 7))}\b"

    def gap(self):
        what = rf"\b{self.inflected(self.some(self.rng.choice((PROBLEMS, PROBLEMS, SLOWNESS, LOOKS, WIDGETS)), 2, 7))}\b"
        where = rf"\b{any_of(self.topics(1, 4))}\b"
        sides = [what, where]
        self.rng.shuffle(sides)
        return sides[0] + ".{0,%d}?" % self.rng.choice((20, 40, 60, 80)) + sides[1]

    def capture(self):
        tail = self.rng.choice((
            r"\s*(?:#|no\.?|number|id)?\s*(?<number>\d{3,10})\b",
            r"\b.{0,20}?[\"“](?<quote>[^\"”]{1,60})[\"”]",
            r"\s+v?(?<version>\d+(?:\.\d+){0,3})\b",
            r"\b.{0,30}?(?<url>https?://\S+)",
            r"\s+(?:for|from|by|of)\s+(?<name>\w+)"))
        return rf"\b{any_of(self.topics(1, 3))}{tail}"

    def lookahead(self):
        what = self.inflected(self.some(self.rng.choice((PROBLEMS, SLOWNESS, LOOKS)), 2, 6))
        return rf"^(?=.*\b{what}\b)(?=.*\b{any_of(self.topics(1, 4))}\b)"

    def unless(self):
        return rf"\b{any_of(self.topics(1, 3))}\b(?!.*\b(?:thanks|solved|fixed|never\s+mind)\b)"

    def greeting(self):
        names = ["there", "team", "all", "everyone", self.rng.choice(self.terms)]
        return rf"^\W*{any_of(self.some(GREETINGS, 3, 8))}\b[\s!.,]*{any_of(names)}?\W*$"

    def backref(self):
        return rf"\b({any_of(self.topics(1, 3))[3:-1]})\b.{{0,40}}?\b\1\b"

    def intl(self):
        return rf"\b{any_of(self.some(OTHER_LANGUAGES, 2, 5) + [self.rng.choice(self.terms)])}\b"


def rules(seed, count, words):
    """count lines of (id, pattern); no pattern twice. The order is the priority, first line highest."""
    writer = RuleWriter(random.Random(f"{seed}/rules/{count}"), count, words)
    seen, lines = set(), []
    while len(lines) < count:
        shape, pattern = writer.rule()
        if pattern in seen or len(pattern) > LONGEST_PATTERN:
            continue
        seen.add(pattern)
        lines.append((f"{shape}-{len(lines) + 1:05}", pattern))
    return lines


# --- Messages -----------------------------------------------------------------------------------

class Visitor:
    """Types messages of 20 to 300 characters."""

    # (share, kind): the shares add up to 1
    KINDS = ((0.12, "greets"), (0.21, "reports"), (0.12, "quotes_number"), (0.11, "asks_for_style"),
             (0.12, "tries_url"), (0.08, "foreign"), (0.12, "rambles"), (0.09, "thanks"), (0.03, "odd_case"))

    def __init__(self, rng, words):
        self.rng = rng
        self.terms = words[:3_333]

    def message(self):
        kinds = [kind for _, kind in self.KINDS]
        kind = self.rng.choices(kinds, [share for share, _ in self.KINDS])[0]
        text = getattr(self, kind)()
        if len(text) < 20:
            text += " " + self.pick("can you help me", "I have a question", "anyone around today")
        return " ".join(text.split())[:300]

    def pick(self, *choices):
        return self.rng.choice(choices)

    def thing(self):
        return self.rng.choice(FEATURES + WIDGETS if self.rng.random() < 0.6 else self.terms)

    def greets(self):
        return (self.pick(*GREETINGS).capitalize()
                + self.pick("", " there", " team", "!", ", anyone here?", " all, quick question")
                + self.pick("", " :)", " 👋", "!!"))

    def reports(self):
        return (f"{self.pick('Hi, ', '', 'Hello - ', 'hey ', '')}the {self.thing()} "
                f"{self.pick('is', 'seems', 'looks', 'has been')} {self.pick(*PROBLEMS, *SLOWNESS)} "
                f"{self.pick('since yesterday', 'after the last update', 'on ' + self.thing(), 'again')}, "
                f"{self.pick('can you help?', 'please fix', 'any idea?', 'thanks')}")

    def quotes_number(self):
        return (f"My {self.thing()} number {self.rng.randint(1_000, 9_999_999)} {self.pick('shows', 'gives', 'returns')} "
                f"an {self.pick(*PROBLEMS)} and the {self.thing()} "
                f"{self.pick('will not load', 'is blank', 'says “Access denied”', 'never finishes')}")

    def asks_for_style(self):
        return (f"Could you change the {self.pick(*LOOKS)} of the {self.thing()}? It is hard to read with the "
                f"{self.thing()} next to it and the {self.pick(*LOOKS)} on {self.thing()} looks off.")

    def tries_url(self):
        return (f"I tried the {self.thing()} v{self.rng.randint(1, 9)}.{self.rng.randint(0, 20)} on "
                f"https://example.com/{self.pick(*self.terms)}/{self.rng.randint(1, 999)} and it "
                f"{self.pick('takes forever', 'hangs', 'fails with exception', 'works now, thanks, fixed')}. "
                f"{self.pick('We use', 'Our team uses', 'I use')} {self.thing()} and {self.thing()} every day.")

    def foreign(self):
        return self.pick(
            "Das Fenster lässt sich nicht schließen, die Größe der Schrift ist falsch:",
            "Bonjour, j'ai un problème avec l'écran, erreur de chargement et lenteur,",
            "Nie mogę się zalogować, błąd i strona działa wolno, chodzi o",
            "No puedo añadir mi contraseña en el formulario de",
            "A configuração não abre, está muito lenta, é a página",
            "Ο ιστότοπος είναι αργός, βλέπω σφάλμα στο",
            "Ошибка на странице, не открывается") + " " + self.thing()

    def rambles(self):
        return " ".join(self.rng.choice(self.terms if self.rng.random() < 0.45 else FILLER)
                        for _ in range(self.rng.randint(5, 40)))

    def thanks(self):
        return (f"thanks, that {self.pick('solved', 'fixed', 'did')} it {self.pick('👍', '🎉', '')} one more thing about "
                f"{self.thing()} and {self.thing()}: where do I find the {self.thing()} for {self.thing()}?")

    def odd_case(self):
        """Letters that only caseless Unicode matching equates: KELVIN SIGN, LONG S, capital sharp s, both sigmas."""
        odd = {"k": "\u212a", "s": "\u017f", "ß": "ẞ", "ς": "σ"}
        text = self.reports() if self.rng.random() < 0.7 else self.foreign()
        return "".join(odd[c] if c in odd and self.rng.random() < 0.6 else c.upper() if self.rng.random() < 0.3 else c
                       for c in text)


def messages(seed, words):
    visitor = Visitor(random.Random(f"{seed}/messages"), words)
    return [visitor.message() for _ in range(MESSAGE_COUNT)]


# --- Files --------------------------------------------------------------------------------------

def write(path, lines):
    """Writes the lines; above 1 MB as .gz, byte for byte the same each time."""
    data = ("\n".join(lines) + "\n").encode()
    if len(data) > GZIP_ABOVE_BYTES:
        path = path.with_name(path.name + ".gz")
        data = gzip.compress(data, mtime=0)
    path.write_bytes(data)
    print(f"{path.name}: {len(lines)} lines, {len(data)} bytes")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=Path("."))
    arguments.add_argument("--words", type=Path)
    options = arguments.parse_args()

    words = read_words(options.words)
    random.Random(f"{options.seed}/words").shuffle(words)
    for count in RULE_COUNTS:
        write(options.out / f"rules-{count}.tsv",
              [f"{name}\t{pattern}" for name, pattern in rules(options.seed, count, words)])
    write(options.out / "messages.txt", messages(options.seed, words))


if __name__ == "__main__":
    main()
