/// The texts that a rule may say.
struct Reply: Sendable {
    /// The longest reply, in bytes of UTF-8.
    static let maximumBytes = 16_384

    /// How a variant is chosen among those whose `when` holds.
    enum Pick: String, CaseIterable, Sendable {
        /// The first, in written order.
        case first
        /// One after the other; where a session starts depends on the session.
        case rotate
        case random
        /// At random, by the variants' weights.
        case weighted
    }

    struct Variant: Sendable {
        var condition: Condition?
        var template: Template
        var choices: [RuleChoice]
        var weight: Int

        /// Whether the answers of actions that its text needs are there: a performer that answers may lack one.
        func hasAnswers(_ values: ReplyValues) -> Bool {
            self.template.neededAnswers.allSatisfy { values[$0] != nil }
        }
    }

    /// `when` of a variant.
    struct Condition: Sendable, Equatable {
        /// As written.
        var text: String
        var reference: Template.Reference
        /// Whether the value must be set, or must not.
        var isSet: Bool
    }

    var pick: Pick
    /// At least one; the last has no condition.
    var variants: [Variant]

    /// Chooses a variant, by the same seeds always the same.
    ///
    /// - Parameters:
    ///   - rule: The rule's id, which is a part of the seed.
    ///   - values: What the reply's places stand for.
    /// - Returns: Its place in ``variants``.
    func choose(rule: String, _ values: ReplyValues) -> Int {
        let fitting = self.variants.indices.filter { self.fits($0, values) }
        guard fitting.count > 1, self.pick != .first else { return fitting.first ?? self.variants.count - 1 }
        let past = values.context.pastReplies(rule)
        // The last one comes again only where no other fits.
        let others = fitting.filter { $0 != past.lastVariant }
        var generator = SeededGenerator(values.context.session, rule)
        switch self.pick {
        case .first: return fitting[0]
        case .rotate:
            let start = Int(generator.next() % UInt64(fitting.count))
            // A count that came from elsewhere may be anything.
            let turn = start + (past.count % fitting.count + fitting.count) % fitting.count
            let choice = fitting[turn % fitting.count]
            return choice == past.lastVariant ? fitting[(turn + 1) % fitting.count] : choice
        case .random:
            generator.skip(past.count)
            return others[Int(generator.next() % UInt64(others.count))]
        case .weighted:
            generator.skip(past.count)
            let total = others.reduce(0) { $0 + self.variants[$1].weight }
            var rest = Int(generator.next() % UInt64(total))
            for index in others {
                rest -= self.variants[index].weight
                if rest < 0 { return index }
            }
            return others[others.count - 1]
        }
    }

    func fits(_ index: Int, _ values: ReplyValues) -> Bool {
        let variant = self.variants[index]
        guard let condition = variant.condition else { return true }
        return (values[condition.reference] != nil) == condition.isSet && variant.hasAnswers(values)
    }

    /// Which variant was chosen and why not another, for people; nothing where there is but one.
    func explanation(of choice: Int, _ values: ReplyValues) -> String? {
        guard self.variants.count > 1 else { return nil }
        var reasons = self.pick == .first ? [] : [self.pick.rawValue]
        for index in self.variants.indices where !self.fits(index, values) {
            reasons.append("\(index + 1) needs \(self.variants[index].condition?.text ?? "")")
        }
        let note = reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"
        return "variant \(choice + 1) of \(self.variants.count)\(note)"
    }
}

/// Numbers that are the same for the same seeds, on every machine and in every version.
struct SeededGenerator {
    private var state: UInt64

    /// Seeded with the 64-bit FNV-1a hash of the texts.
    init(_ texts: String...) {
        var hash = StableHash()
        for text in texts {
            hash.combine(text.utf8)
            hash.combine(CollectionOfOne(0))
        }
        self.state = hash.value
    }

    /// Goes on as if `count` numbers had been taken.
    mutating func skip(_ count: Int) { self.state &+= UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15 }

    /// The next number, by SplitMix64.
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// FNV-1a, 64 bits: the same for the same bytes, on every machine.
///
/// Not against people who want two texts to be equal.
struct StableHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { self.value = (self.value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
}
