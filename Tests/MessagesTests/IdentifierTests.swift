import Messages
import Testing

@Suite("identifiers")
struct IdentifierTests {
    /// Counts up, so that every bit of a number is seen.
    private struct Counter: RandomNumberGenerator {
        private var last: UInt64 = 0

        mutating func next() -> UInt64 {
            self.last &+= 0x9E37_79B9_7F4A_7C15
            return self.last
        }
    }

    @Test("of base64url have the asked length, use all 64 characters and no other")
    func base64URL() {
        var generator = Counter()
        var seen: Set<Character> = []
        for length in 0...64 {
            let text = randomBase64URL(characters: length, using: &generator)
            #expect(text.utf8.count == length)
            #expect(length == 0 || SessionID(text) != nil)
            seen.formUnion(text)
        }
        #expect(seen.count == 64)
    }

    @Test("of base 36 have the asked length, use all 36 characters and no other")
    func base36() {
        var generator = Counter()
        var seen: Set<Character> = []
        for length in 0...64 {
            let text = randomBase36(characters: length, using: &generator)
            #expect(text.utf8.count == length)
            seen.formUnion(text)
        }
        #expect(seen == Set("0123456789abcdefghijklmnopqrstuvwxyz"))
    }

    @Test("of neighbours share no part: knowing one says nothing about the next")
    func neighbours() {
        let ids = (0..<1_000 as Range<UInt64>).map { index in
            var generator = SplitMix64(seed: 7, index: index)
            return randomBase64URL(characters: 22, using: &generator)
        }
        #expect(Set(ids).count == ids.count)
        // Any six characters of an id stand in no other.
        var parts: [Substring: Int] = [:]
        for (index, id) in ids.enumerated() {
            for start in 0...16 {
                let part = id.dropFirst(start).prefix(6)
                #expect(parts.updateValue(index, forKey: part) ?? index == index, "\(part)")
            }
        }
    }
}
