package import Responders

extension Reply {
    /// Reads a reply that a plugin had promised for later: an object with the fields of a reply in a verdict.
    ///
    /// - Parameter body: One JSON object.
    /// - Throws: Everything that is wrong with it; `too-long` where that is all.
    package init(followUp body: [UInt8]) throws(WireProblems) {
        let value: JSONValue
        do throws(WireProblem) {
            value = try JSONValue(line: body)
        } catch {
            throw WireProblems(all: [error])
        }
        var reader = FrameReader(value, name: "body")
        self = reader.reply()
        try reader.check()
    }
}

extension JSONValue {
    /// Reads one object.
    init(line: [UInt8]) throws(WireProblem) {
        self = try line.withUnsafeBufferPointer { bytes -> Result<JSONValue, WireProblem> in
            do throws(WireProblem) { return .success(try JSONValue(object: bytes)) } catch { return .failure(error) }
        }.get()
    }
}
