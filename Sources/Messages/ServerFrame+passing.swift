extension ServerFrame {
    /// Somebody writes, or has stopped.
    ///
    /// - Parameters:
    ///   - isWriting: Whether they do.
    ///   - author: Who.
    ///   - expiresMilliseconds: After how long without another frame they have stopped.
    ///   - mode: In seed mode `isTyping` says the same once more.
    /// - Returns: One JSON object.
    public static func typing(
        _ isWriting: Bool,
        by author: Author,
        expiresMilliseconds: Int,
        mode: ProtocolMode
    ) -> [UInt8] {
        json(reserving: 128) { frame in
            frame.text("type", "typing")
            frame.text("state", isWriting ? "start" : "stop")
            if mode == .seed { frame.bool("isTyping", isWriting) }
            write(author, to: &frame)
            frame.integer("expiresMs", expiresMilliseconds)
        }
    }

    /// Who is there, has come, or has gone.
    public static func presence(_ event: PresenceEvent, _ participants: [Participant]) -> [UInt8] {
        json(reserving: 128) { frame in
            frame.text("type", "presence")
            frame.text("event", event.rawValue)
            let list = participants.map { participant in
                json(reserving: 64) { object in
                    object.text("kind", participant.author.kind.rawValue)
                    if let name = participant.author.name { object.text("name", name) }
                    object.integer("connections", participant.connections)
                }
            }
            frame.array("participants", ofJSON: list)
        }
    }

    /// The beginning of a reply that comes piece by piece.
    ///
    /// - Parameters:
    ///   - replyID: The id that the whole message will have.
    ///   - turnID: The turn that it belongs to.
    ///   - inReplyTo: The client's id of the message that it answers.
    /// - Returns: One JSON object.
    public static func replyStart(replyID: String, turnID: String, inReplyTo: String) -> [UInt8] {
        json { frame in
            frame.text("type", "reply.start")
            frame.text("replyId", replyID)
            frame.text("turnId", turnID)
            frame.text("inReplyTo", inReplyTo)
            write(.responder, to: &frame)
        }
    }

    /// The next piece of a reply.
    ///
    /// - Parameters:
    ///   - replyID: As in the start.
    ///   - index: 0, 1, 2, without a gap.
    ///   - text: What follows the pieces before it.
    /// - Returns: One JSON object.
    public static func replyDelta(replyID: String, index: Int, text: String) -> [UInt8] {
        json(reserving: 96 + text.utf8.count) { frame in
            frame.text("type", "reply.delta")
            frame.text("replyId", replyID)
            frame.integer("index", index)
            frame.text("text", text)
        }
    }

    /// The end of a reply that came piece by piece; the message itself has been sent before.
    ///
    /// - Parameters:
    ///   - replyID: As in the start.
    ///   - text: The whole text.
    ///   - finish: Why it ends here.
    ///   - seq: The number of the message.
    ///   - epoch: The run of numbers that it belongs to.
    /// - Returns: One JSON object.
    public static func replyEnd(
        replyID: String,
        text: String,
        finish: Message.Finish,
        seq: Int,
        epoch: String
    ) -> [UInt8] {
        json(reserving: 160 + text.utf8.count) { frame in
            frame.text("type", "reply.end")
            frame.text("replyId", replyID)
            frame.text("text", text)
            frame.text("finish", finish.rawValue)
            frame.integer("seq", seq)
            frame.text("epoch", epoch)
        }
    }

    private static func write(_ author: Author, to frame: inout JSONWriter) {
        frame.object("author") { object in
            object.text("kind", author.kind.rawValue)
            if let name = author.name { object.text("name", name) }
        }
    }
}
