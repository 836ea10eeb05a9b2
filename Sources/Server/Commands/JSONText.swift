internal import Messages

/// JSON that a command sends.
enum JSONText {
    /// An object of texts.
    ///
    /// - Parameter members: Those without a value are left out.
    /// - Returns: The object.
    static func object(_ members: [(key: StaticString, value: String?)]) -> String {
        var writer = JSONWriter(reserving: 256)
        writer.object { object in
            for (key, value) in members { if let value { object.text(key, value) } }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
