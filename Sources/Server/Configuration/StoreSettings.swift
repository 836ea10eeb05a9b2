internal import Responders
internal import Store

/// Where messages are kept, for how long, and how it is noted what was done to them.
struct StoreSettings: Sendable {
    var options: StoreOptions
    /// Nothing where messages are kept until they are erased.
    var retention: RetentionPolicy?
    /// Makes the codes of the audit log; nothing for plain ones.
    var auditKey: StoreKey?
    /// Whether the site's chain redacts messages before they are stored.
    var redacts = false

    /// The folder of what plugins keep, beside the store.
    var statePath: String { self.options.path + ".state" }

    /// The audit log, beside the store.
    var auditPath: String { self.options.file + ".audit.jsonl" }
}

/// A number of bytes as configurations and options have it: `500MiB`, `10GiB`.
struct ByteSize: Sendable, Hashable, Decodable {
    var bytes: Int

    /// Reads a whole number up to seven digits and `KiB`, `MiB` or `GiB`.
    init?(written text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), 1...7 ~= digits.count, number > 0 else { return nil }
        switch text.dropFirst(digits.count) {
        case "KiB": self.bytes = number << 10
        case "MiB": self.bytes = number << 20
        case "GiB": self.bytes = number << 30
        default: return nil
        }
    }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let size = ByteSize(written: text) else {
            let hint = "write a number and KiB, MiB or GiB: 500MiB, 10GiB"
            throw ConfigurationProblem("wrong-value", key: "", "\"\(text)\" is no size", hint: hint)
        }
        self = size
    }

    /// `4.2 MiB`, as people read it.
    static func shown(_ bytes: Int) -> String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1_024, unit < units.count - 1 { (value, unit) = (value / 1_024, unit + 1) }
        return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
    }
}
