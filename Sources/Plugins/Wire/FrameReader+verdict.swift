internal import Responders

extension FrameReader {
    private enum Word: String, CaseIterable { case pass, augment, reply, suppress, handoff, fail }
    private enum Then: String, CaseIterable { case stop, `continue` }

    /// The verdict; what is wrong with it is in ``problems``.
    mutating func verdict() -> Verdict {
        guard self.value("verdict") != nil else {
            self.refuse("missing-field", "verdict", "missing", hint: "write \"verdict\":\"pass\" or another word")
            return .pass()
        }
        switch self.word("verdict", Word.self) {
        case nil: return .pass()
        case .pass: return .pass(reason: self.code("reason"))
        case .augment: return .augment(self.augmentation())
        case .reply:
            let then = self.word("then", Then.self)
            let confidence = self.share("confidence")
            var reply = self.reply()
            reply.followUp = self.followUp()
            return .reply(
                reply,
                confidence: confidence ?? 1,
                then: then == .continue ? .continue : .stop,
                keep: self.augmentation()
            )
        case .suppress: return .suppress(reason: self.code("reason") ?? "suppressed", keep: self.augmentation())
        case .handoff:
            let text = self.value("text") == nil ? nil : self.reply()
            let handoff = Responders.Handoff(
                queue: self.text("queue", atMost: 80),
                note: self.text("note", atMost: Reply.maximumTextBytes),
                text: text
            )
            return .handoff(handoff, keep: self.augmentation())
        case .fail:
            return .fail(Failure(self.code("code") ?? .pluginFailed, self.text("reason", atMost: 1_024)))
        }
    }

    /// The answer of a service that will say more later: `{"followUpTtlMs":60000,"text":"I am looking."}`.
    mutating func promise() -> Reply {
        var reply = self.reply()
        if self.value("followUpTtlMs") == nil {
            self.refuse("missing-field", "followUpTtlMs", "missing", hint: "write for how many milliseconds at most")
        }
        reply.followUp = self.followUp()
        return reply
    }

    /// Nothing knows the token here: whoever asked puts it in.
    private mutating func followUp() -> FollowUp? {
        let longest = Int(FollowUp.longestTime / .milliseconds(1))
        return self.integer("followUpTtlMs", in: 1...longest).map {
            FollowUp(token: "", timeToLive: .milliseconds($0))
        }
    }

    /// A text for the visitor with what goes with it.
    mutating func reply() -> Reply {
        let text = self.requiredText("text", atMost: Reply.maximumTextBytes, hint: "write what the visitor reads")
        if case .text? = self.value("text"), !text.contains(where: { !$0.isWhitespace }) {
            self.refuse("empty-reply", "text", "empty", hint: "write a text, or the verdict \"pass\"")
        }
        return Reply(
            text,
            format: self.word("format", Reply.Format.self) ?? .markdown,
            choices: self.choices(),
            links: self.links(),
            lang: self.text("lang", atMost: 35)
        )
    }

    private mutating func choices() -> [Reply.Choice] {
        self.objects("choices", atMost: Reply.maximumChoices).map { name, object in
            var reader = FrameReader(object, name: name)
            let label = reader.requiredText("label", hint: "write what stands on the button")
            if label.unicodeScalars.count > Reply.Choice.maximumLabelCharacters {
                let problem = "more than \(Reply.Choice.maximumLabelCharacters) characters"
                reader.refuse("too-long", "label", problem)
            }
            let send = reader.text("send", atMost: Reply.Choice.maximumSendBytes)
            self.add(reader)
            return Reply.Choice(label, send: send)
        }
    }

    private mutating func links() -> [Reply.Link] {
        self.objects("links", atMost: Reply.maximumLinks).map { name, object in
            var reader = FrameReader(object, name: name)
            let title = reader.requiredText("title", hint: "write what the visitor reads")
            let url = reader.requiredText("url", atMost: Reply.Link.maximumURLBytes, hint: "write https://… or /path")
            if !url.isEmpty, !url.hasPrefix("https://"), !url.hasPrefix("/") || url.hasPrefix("//") {
                reader.refuse(
                    "bad-link",
                    "url",
                    "not followed",
                    hint: "write https://… or a path that begins with one /"
                )
            }
            self.add(reader)
            return Reply.Link(title: title, url: url)
        }
    }

    private mutating func augmentation() -> Augmentation {
        Augmentation(
            note: self.value("notes").map(Note.init),
            tags: self.texts("tags", atMost: 8, bytes: 64),
            topic: self.text("topic", atMost: 64).map { .open($0) },
            severity: self.word("severity", Augmentation.Severity.self)
        )
    }
}

extension Verdict {
    /// The verdict with the token that its promise needs, or without the promise where there is none.
    func promising(by token: String?) -> Verdict {
        guard case .reply(var reply, let confidence, let then, let found) = self, reply.followUp != nil else {
            return self
        }
        if let token { reply.followUp?.token = token } else { reply.followUp = nil }
        return .reply(reply, confidence: confidence, then: then, keep: found)
    }
}

extension Note {
    /// A note of what a plugin found; null is no text.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .text("")
        case .flag(let flag): self = .flag(flag)
        case .number(let number): self = .number(number)
        case .text(let text): self = .text(text)
        case .list(let values): self = .list(values.map(Note.init))
        case .object(let members):
            self = .fields(Dictionary(members.map { ($0.key, Note($0.value)) }) { first, _ in first })
        }
    }
}

extension JSONValue {
    init(_ note: Note) {
        switch note {
        case .text(let text): self = .text(text)
        case .number(let number): self = .number(number)
        case .flag(let flag): self = .flag(flag)
        case .list(let notes): self = .list(notes.map(JSONValue.init))
        case .fields(let fields):
            self = .object(fields.sorted { $0.key < $1.key }.map { Member($0.key, JSONValue($0.value)) })
        }
    }
}

extension TraceReason {
    /// The plugin said that it failed, and no more.
    static let pluginFailed: TraceReason = "plugin-failed"
    /// The plugin's process ended before it answered.
    static let crashed: TraceReason = "crashed"
    /// Nobody is there to answer at the moment.
    static let unavailable: TraceReason = "unavailable"
    /// What the plugin sent can't be read.
    static let badFrame: TraceReason = "bad-frame"
    /// The plugin's `ready` doesn't name the stage that it stands in.
    static let stageNotOffered: TraceReason = "stage-not-offered"
}
