/// A text that is made to keep a pattern busy: the same thing over and over.
struct AttackText: Hashable, CustomStringConvertible {
    /// What stands before the repetition.
    var head = ""
    var unit: String
    /// What stands behind it, so that a pattern that wants more of the same fails at the end.
    var tail = ""

    /// A text of about so many characters.
    func text(length: Int) -> String {
        var bytes: [UInt8] = []
        self.write(to: &bytes, length: length)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts the text, in UTF-8, in the place of what is in `bytes`.
    ///
    /// Texts are made for every pattern many times over, so `bytes` should be used again.
    func write(to bytes: inout [UInt8], length: Int) {
        var (head, unit, tail) = (self.head, self.unit, self.tail)
        let count = self.count(length)
        let size = head.utf8.count + count * unit.utf8.count + tail.utf8.count
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: repeatElement(0, count: size))
        bytes.withUnsafeMutableBytes { bytes in
            head.withUTF8 { bytes.copyMemory(from: UnsafeRawBufferPointer($0)) }
            tail.withUTF8 {
                UnsafeMutableRawBufferPointer(rebasing: bytes[(size - $0.count)...])
                    .copyMemory(from: UnsafeRawBufferPointer($0))
            }
            let middle = UnsafeMutableRawBufferPointer(
                rebasing: bytes[head.utf8.count..<(size - tail.utf8.count)]
            )
            var done = unit.withUTF8 {
                middle.copyMemory(from: UnsafeRawBufferPointer($0))
                return $0.count
            }
            // Each time twice as much is there to be copied.
            while done < middle.count {
                let next = UnsafeMutableRawBufferPointer(rebasing: middle[done..<min(2 * done, middle.count)])
                next.copyMemory(from: UnsafeRawBufferPointer(rebasing: middle[..<next.count]))
                done += next.count
            }
        }
    }

    /// How often `unit` is repeated.
    private func count(_ length: Int) -> Int {
        let rest = length - self.head.unicodeScalars.count - self.tail.unicodeScalars.count
        return max(1, rest / max(1, self.unit.unicodeScalars.count))
    }

    /// For people, in its full length: `"x" and 4,000 x "a"`.
    var description: String {
        var parts = ["\(Self.grouped(self.count(RuleSet.textLimit))) x \(Self.quoted(self.unit))"]
        if !self.head.isEmpty { parts.insert(Self.quoted(self.head), at: 0) }
        if !self.tail.isEmpty { parts.append(Self.quoted(self.tail)) }
        return parts.joined(separator: " and ")
    }

    private static func grouped(_ number: Int) -> String {
        number < 1_000 ? "\(number)" : "\(number / 1_000),\(String("\(number % 1_000 + 1_000)".dropFirst()))"
    }

    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
    }
}

/// Makes attack texts for a pattern.
struct AttackTexts {
    /// So many repeats are tried at most.
    private static let maximumPumps = 8
    private static let maximumRounds = 4
    private static let maximumLooks = 8
    /// Longer beginnings leave no room for repetitions.
    private static let maximumHead = 200
    /// What hardly any pattern wants at the end.
    private static let spoiler = "!"

    private let oracle: CharacterOracle
    private let meeting: MeetingRepeats?
    /// One repeat goes on and on; those with the smallest rank are most likely to be slow.
    private var pumps: [(rank: Int, text: AttackText)] = []
    /// The way to a repeat, again and again.
    private var rounds: [AttackText] = []
    /// What makes a lookaround look far ahead, again and again.
    private var looks: [AttackText] = []

    /// The texts for a pattern.
    ///
    /// - Parameters:
    ///   - outline: Its shape.
    ///   - meeting: The two of its repeats that can meet.
    ///   - needsCharacter: Whether any match needs a certain character, without which PCRE2 doesn't even start.
    ///   - oracle: Its character sets.
    /// - Returns: Texts, each of them different.
    static func texts(
        for outline: PatternOutline,
        _ meeting: MeetingRepeats?,
        needsCharacter: Bool,
        _ oracle: CharacterOracle
    ) -> [AttackText] {
        var maker = AttackTexts(oracle: oracle, meeting: meeting)
        maker.walk(branches: outline.branches, [])
        // Sorting keeps the order of the pattern among equals.
        var texts = maker.pumps.sorted { $0.rank < $1.rank }.prefix(Self.maximumPumps).map(\.text)
        texts += maker.rounds.prefix(Self.maximumRounds)
        texts += maker.looks.prefix(Self.maximumLooks)
        let words = outline.words
        texts.append(AttackText(unit: "a ", tail: Self.spoiler))
        if let first = words.first { texts.append(AttackText(unit: "\(first) ", tail: Self.spoiler)) }
        if words.count > 1 {
            texts.append(AttackText(unit: words.prefix(8).joined(separator: " ") + " ", tail: Self.spoiler))
        }
        var seen: Set<AttackText> = []
        texts = texts.filter { seen.insert($0).inserted }
        guard needsCharacter else { return texts }
        let head = Self.head(words)
        return texts + texts.map { AttackText(head: head + $0.head, unit: $0.unit, tail: $0.tail) }
    }

    /// Those of them that make a lookaround look far ahead.
    static func looks(for outline: PatternOutline, _ oracle: CharacterOracle) -> [AttackText] {
        var maker = AttackTexts(oracle: oracle, meeting: nil)
        maker.walk(branches: outline.branches, [])
        return maker.looks
    }

    private init(oracle: CharacterOracle, meeting: MeetingRepeats?) {
        self.oracle = oracle
        self.meeting = meeting
    }

    /// All words of the pattern, to stand before a text.
    ///
    /// One of them holds the character that any match needs; in this order they hardly match.
    private static func head(_ words: [String]) -> String {
        var head: [Unicode.Scalar] = []
        for word in words.reversed() {
            let scalars = word.unicodeScalars
            if head.count + scalars.count < Self.maximumHead { head += scalars + ["\n"] }
        }
        return Self.text(head)
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    // MARK: Repeats

    /// Adds texts for the repeats in `parts`.
    ///
    /// - Parameters:
    ///   - parts: What to look at.
    ///   - text: A text that what stands before them matches; one that they match is added to it.
    private mutating func walk(_ parts: [PatternOutline.Part], _ text: inout [Unicode.Scalar]) {
        let start = text
        // At the start of a sequence nothing is known yet that leads to a lookaround.
        var leading: [[PatternOutline.Part]] = []
        for part in parts {
            if case .lookaround(let branches, _) = part {
                if text == start { leading += branches } else { self.look(branches, behind: text) }
            }
            self.walk(part, &text)
        }
        self.look(leading, behind: text)
    }

    private mutating func walk(_ part: PatternOutline.Part, _ text: inout [Unicode.Scalar]) {
        switch part {
        case .atom(.literal(let scalar)): text.append(scalar)
        case .atom(let atom): text += self.oracle.members(of: atom).prefix(1)
        case .edge, .reference: break
        case .lookaround(let branches, _): self.walk(branches: branches, text)
        case .group(let branches):
            self.walk(branches: branches.dropFirst(), text)
            if let first = branches.first { self.walk(first, &text) }
        case .repeated(let part, let count):
            let head = text
            self.walk(part, &text)
            let sample = Array(text.dropFirst(head.count))
            if count.maximum != 1, !sample.isEmpty, head.count <= Self.maximumHead {
                self.add(sample, of: part, count, behind: head)
            }
            // Where the part may be left out, a text without it is simpler; and repeats in repeats must not add up.
            let most = max(1, Self.maximumHead / max(1, sample.count))
            text = head + repeatElement(sample, count: min(count.minimum, most)).joined()
        }
    }

    private mutating func walk(branches: some Sequence<[PatternOutline.Part]>, _ head: [Unicode.Scalar]) {
        for branch in branches {
            var text = head
            self.walk(branch, &text)
        }
    }

    /// Adds texts in which the way to a lookaround is gone again and again.
    ///
    /// Each time it looks as far ahead as it may: to the one place at the end where it finds what it is about, so that
    /// a negative one fails, or to the end in vain.
    private mutating func look(_ branches: [[PatternOutline.Part]], behind head: [Unicode.Scalar]) {
        guard head.count <= Self.maximumHead else { return }
        for branch in branches where PatternOutline(branches: [branch]).repeats.contains(where: { $0.maximum != 1 }) {
            var maker = AttackTexts(oracle: self.oracle, meeting: nil)
            var sample: [Unicode.Scalar] = []
            maker.walk(branch, &sample)
            let unit = head.isEmpty ? "a " : "\(Self.text(head)) "
            self.looks += [Self.text(sample), Self.spoiler].map { AttackText(unit: unit, tail: $0) }
        }
    }

    /// The repeat goes on and on, or the way to it is gone again and again.
    private mutating func add(
        _ sample: [Unicode.Scalar],
        of part: PatternOutline.Part,
        _ count: PatternOutline.Repeat,
        behind head: [Unicode.Scalar]
    ) {
        let (head, way) = (Self.text(head), head.isEmpty ? nil : Self.text(head + sample))
        var units = [Self.text(sample)]
        var tail = Self.spoiler
        if case .atom(let atom) = part {
            tail = self.oracle.stranger(to: atom).map(String.init) ?? Self.spoiler
            // Characters beyond ASCII take longer to look up.
            if let last = self.oracle.members(of: atom).last, !last.isASCII { units.append(String(last)) }
        }
        let isMeeting = [self.meeting?.first.offset, self.meeting?.second.offset].contains(count.offset)
        let rank = isMeeting ? 0 : count.isUnbounded ? 1 : 2
        self.pumps += units.map { (rank, AttackText(head: head, unit: $0, tail: tail)) }
        if let way { self.rounds.append(AttackText(unit: way, tail: tail)) }
    }
}
