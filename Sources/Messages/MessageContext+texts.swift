extension MessageContext {
    /// The same context with other texts.
    ///
    /// - Parameter replace: Gives what stands in place of a text; keys, numbers and truth values stay.
    /// - Returns: The context; an empty one where it would be larger than ``Limits/contextBytes``.
    /// - Throws: What `replace` throws.
    public func replacingTexts<E: Error>(_ replace: (String) throws(E) -> String) throws(E) -> MessageContext {
        guard self.json.utf8.count > 2 else { return self }
        let bytes = Array(self.json.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\"") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let end = Self.literalEnd(bytes, from: index)
            let literal = bytes[index..<end]
            // A context is written without white space.
            let isKey = end < bytes.count && bytes[end] == UInt8(ascii: ":")
            if isKey {
                result += literal
            } else {
                let text = Self.text(of: literal)
                let replaced = try replace(text)
                result += replaced == text ? Array(literal) : Array(quoted(replaced).utf8)
            }
            index = end
        }
        guard result.count <= Limits.contextBytes else { return .empty }
        return MessageContext(json: String(decoding: result, as: UTF8.self))
    }

    /// Where a string of JSON ends that begins at a place.
    private static func literalEnd(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.count)
    }

    private static func text(of literal: ArraySlice<UInt8>) -> String {
        let object = Array(#"{"t":"#.utf8) + literal + Array("}".utf8)
        return object.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: "t", in: bytes) else { return "" }
            return scanner.text(of: value, in: bytes)
        }
    }
}
