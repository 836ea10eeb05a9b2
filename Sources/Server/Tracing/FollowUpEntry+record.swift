internal import Messages
internal import Store

extension FollowUpEntry {
    /// The record of a turn with what became of its promised reply, which comes when the record is written already.
    ///
    /// - Parameter record: One JSON object.
    /// - Returns: The object with one member more.
    func added(to record: [UInt8]) -> [UInt8] {
        guard record.last == UInt8(ascii: "}") else { return record }
        var writer = JSONWriter(reserving: 160)
        writer.object { promise in
            promise.integer("number", self.number)
            promise.timestamp("promised", self.promised)
            promise.timestamp("expires", self.expires)
            if let ending {
                promise.text("result", ending.result.rawValue)
                promise.timestamp("ended", ending.time)
            }
        }
        let comma = record.count > 2 ? "," : ""
        return record.dropLast() + Array("\(comma)\"followUp\":".utf8) + writer.bytes + [UInt8(ascii: "}")]
    }
}
