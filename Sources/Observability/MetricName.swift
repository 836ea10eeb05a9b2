/// The characters that names may have.
enum MetricName {
    /// A name longer than this is cut, in bytes.
    static let maximumBytes = 200

    /// `written` with `_` for what a metric's name, `[a-zA-Z_:][a-zA-Z0-9_:]*`, can't have.
    static func sanitized(_ written: String) -> String { self.sanitized(written, allowsColon: true) }

    /// `written` with `_` for what a label's name, `[a-zA-Z_][a-zA-Z0-9_]*`, can't have.
    ///
    /// Names that begin with two underscores belong to Prometheus, `le` and `quantile` to histograms and summaries;
    /// those are changed too.
    static func sanitizedLabel(_ written: String) -> String {
        var name = self.sanitized(written, allowsColon: false)
        while name.hasPrefix("__") { name.removeFirst() }
        return name == "le" || name == "quantile" ? name + "_" : name
    }

    private static func sanitized(_ written: String, allowsColon: Bool) -> String {
        var bytes: [UInt8] = []
        for scalar in written.unicodeScalars.prefix(self.maximumBytes) {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": bytes.append(UInt8(ascii: scalar))
            case ":" where allowsColon: bytes.append(UInt8(ascii: ":"))
            case "0"..."9":
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(UInt8(ascii: scalar))
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}
