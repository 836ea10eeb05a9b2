/// A part of a whole, written with its unit: `10%`, `0.5%`, `100%`.
public struct Share: Sendable, Hashable, Decodable {
    /// In ten-thousandths, 0 through 10,000.
    public let basisPoints: Int

    /// Everything.
    public static let all = Share(basisPoints: 10_000)

    private init(basisPoints: Int) { self.basisPoints = basisPoints }

    /// Reads a number from 0 to 100 with at most two decimals, and `%`.
    public init?(written text: String) {
        guard text.hasSuffix("%") else { return nil }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = parts.allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
        guard isNumber, 1...2 ~= parts.count, parts[0].count <= 3, let whole = Int(parts[0]) else { return nil }
        var decimals = 0
        if parts.count == 2 {
            guard parts[1].count <= 2, let number = Int(parts[1]) else { return nil }
            decimals = parts[1].count == 1 ? number * 10 : number
        }
        guard whole * 100 + decimals <= 10_000 else { return nil }
        self.basisPoints = whole * 100 + decimals
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let share = Share(written: text) else {
            let hint = "write a number from 0 to 100 and %: 10%"
            throw ConfigurationProblem("wrong-value", key: "", "\"\(text)\" is no share", hint: hint)
        }
        self = share
    }

    /// Decides whether something belongs to the share: always the same for the same name and purpose.
    ///
    /// - Parameters:
    ///   - name: Such as the id of a session.
    ///   - purpose: Keeps the shares of two purposes apart.
    /// - Returns: Whether it does.
    public func includes(_ name: String, for purpose: String) -> Bool {
        if self.basisPoints == 10_000 { return true }
        if self.basisPoints == 0 { return false }
        // FNV-1a, then a mix of its bits: names often differ in their last letter alone.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in [purpose, "\u{0}", name].lazy.flatMap(\.utf8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash ^= hash >> 33
        return Int(hash % 10_000) < self.basisPoints
    }
}
