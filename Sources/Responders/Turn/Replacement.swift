internal import Messages

/// What is shown in place of a part of a text.
public struct Replacement: Sendable, Hashable {
    /// Which part: offsets into the text's UTF-8, between Unicode scalars.
    public var range: Range<Int>
    /// What is shown there.
    public var text: String
    /// What it was, in a word for the trace: `card`.
    public var kind: String

    public init(_ range: Range<Int>, by text: String, kind: String) {
        self.range = range
        self.text = text
        self.kind = kind
    }
}

extension String {
    /// The text with parts of it replaced, at most ``Reply/maximumTextBytes`` bytes of it.
    ///
    /// - Parameter replacements: In any order.
    /// - Returns: Nothing where one of them is out of the text, cuts a character into bytes, or overlaps another one.
    public func replacing(_ replacements: [Replacement]) -> String? {
        var result = ""
        var end = self.utf8.startIndex
        var offset = 0
        for replacement in replacements.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            let range = replacement.range
            guard range.lowerBound >= offset, range.upperBound <= self.utf8.count else { return nil }
            let lower = self.utf8.index(end, offsetBy: range.lowerBound - offset)
            let upper = self.utf8.index(lower, offsetBy: range.count)
            guard lower.isBetweenScalars(of: self), upper.isBetweenScalars(of: self) else { return nil }
            result += self[end..<lower]
            result += replacement.text
            (end, offset) = (upper, range.upperBound)
        }
        result += self[end...]
        // What stands in place of something may be longer than it was.
        return result.prefix(bytes: Reply.maximumTextBytes)
    }
}

extension String.Index {
    fileprivate func isBetweenScalars(of text: String) -> Bool {
        self.samePosition(in: text.unicodeScalars) != nil
    }
}

/// A responder of `guard` that takes out of texts what nobody behind it may see.
///
/// Its verdict is about the message alone; the chain asks it for everything else that a turn shows, and the server for
/// what it stores where the configuration says so.
public protocol TextRedactor: Responder {
    /// Finds what nobody may see in a text.
    ///
    /// Called on any thread; doesn't wait.
    ///
    /// - Parameter text: Of a visitor or a page.
    /// - Returns: What is to be shown instead; nothing overlaps.
    /// - Throws: Why it can't be known.
    func replacements(in text: String) throws(Failure) -> [Replacement]
}

extension TextRedactor {
    /// The text as it may be seen.
    ///
    /// - Throws: Why it can't be known.
    public func redacted(_ text: String) throws(Failure) -> String {
        let replacements = try self.replacements(in: text)
        guard !replacements.isEmpty else { return text }
        guard let redacted = text.replacing(replacements) else { throw Failure(.badReplacement) }
        return redacted
    }

    /// The text as it may be seen: nothing of it where that can't be known.
    fileprivate func shown(_ text: String) -> String { (try? self.redacted(text)) ?? Turn.removed }
}

extension Turn {
    /// In the place of a text of which nobody knows what may be seen.
    fileprivate static let removed = "[removed]"

    /// Takes out all of the message.
    mutating func hideMessage() {
        var message = self.message
        message.text = Self.removed
        self.show(message, self.page, self.history)
    }

    /// Takes out of the page and of the messages before this one what `redactor` takes out of messages.
    mutating func hide(by redactor: any TextRedactor) {
        var page = self.page
        page.path = redactor.shown(page.path)
        page.title = page.title.map { redactor.shown($0) }
        page.url = page.url.map { redactor.shown($0) }
        page.vars = page.vars.mapValues { redactor.shown($0) }
        page.selectedElement = page.selectedElement.flatMap { element in
            PageElement(
                selector: element.selector.map { redactor.shown($0) },
                tag: element.tag,
                text: element.text.map { redactor.shown($0) }
            )
        }
        page.errors = page.errors.map { redactor.shown($0) }
        let history = self.history
        let hidden = History(lazily: { count in
            history.items(atMost: count).map { HistoryItem($0.author, redactor.shown($0.text)) }
        })
        self.show(self.message, page, hidden)
    }
}

extension ChainRun {
    /// Shows later responders something else in place of parts of the message.
    ///
    /// - Returns: Why that can't be done.
    mutating func redact(_ replacements: [Replacement], in stage: Stage) -> Failure? {
        guard !replacements.isEmpty else { return nil }
        guard stage == .guard else { return Failure(.verdictNotAllowed, "replacements in \(stage)") }
        var message = self.turn.message
        guard let text = message.text.replacing(replacements) else { return Failure(.badReplacement) }
        message.text = text
        self.turn.show(message, self.turn.page, self.turn.history)
        return nil
    }
}

extension ChainRun {
    /// Takes out of a turn that was ended early what those would have who were not asked any more: observers and shadows
    /// still look at it.
    mutating func redactTheRest() {
        let guards = self.chain.guardCount
        guard let end = self.endIndex, end < guards else { return }
        for index in end..<guards {
            let entry = self.chain.entries[index]
            guard let redactor = entry.redactor, entry.reasonToSkip(self.turn.conversation) == nil,
                entry.condition?.refusal(of: self.turn) == nil
            else { continue }
            var message = self.turn.message
            message.text = redactor.shown(message.text)
            self.turn.show(message, self.turn.page, self.turn.history)
            self.turn.hide(by: redactor)
        }
    }
}

extension Chain {
    /// Those that take out of texts what nobody may see, in their order.
    public var redactors: [any TextRedactor] { self.entries.filter(\.isEnabled).compactMap(\.redactor) }
}
