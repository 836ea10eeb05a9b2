/// A number of bytes that is written with its unit: `512MiB`.
struct ByteCount: Decodable, Sendable, Hashable {
    let bytes: Int

    /// Reads a whole number and KiB, MiB or GiB.
    init?(_ text: String) {
        let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        guard let unit = units.first(where: { text.hasSuffix($0.0) }), let number = Int(text.dropLast(3)),
            1...1_048_576 ~= number
        else { return nil }
        self.bytes = number << unit.1
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let count = ByteCount(text) else {
            let problem = "\"\(text)\" is no size; write a number and KiB, MiB or GiB: 512MiB"
            throw DecodingError.dataCorruptedError(in: container, debugDescription: problem)
        }
        self = count
    }
}
