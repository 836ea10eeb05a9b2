public import Diagnostics

extension Transcript {
    /// Reads a `.chat` file.
    ///
    /// - Parameters:
    ///   - text: What stands in it.
    ///   - file: Its name, for diagnostics.
    /// - Throws: All mistakes, in the order of the lines.
    public init(parsing text: String, file: String) throws(Rejection) {
        var parser = TranscriptParser(file: file)
        if text.utf8.count > Self.maximumBytes {
            throw Rejection([
                Diagnostic("file-too-large", at: Place(file: file), "a conversation has at most 1 MiB")
            ])
        }
        var number = 0
        // A file of another system may end its lines with a carriage return, too.
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            number += 1
            parser.take(line, number)
        }
        self = try parser.finish()
    }
}

/// Takes the lines of a `.chat` file one after the other and keeps every mistake until the end.
private struct TranscriptParser {
    private var transcript: Transcript
    private var mistakes: [Diagnostic] = []
    /// What `>>` or `<<` continues at the moment.
    private var open: Open = .nothing
    private var number = 0
    /// Whether the visitor has said something.
    private var hasTurn = false

    private enum Open { case nothing, message, reply }

    init(file: String) { self.transcript = Transcript(file: file, settings: [], steps: []) }

    mutating func finish() throws(Rejection) -> Transcript {
        if !self.hasTurn, self.mistakes.isEmpty {
            self.number = max(1, self.number)
            self.refuse("empty-transcript", column: 1, "nobody says anything", hint: "write a line such as: > hello")
        }
        guard self.mistakes.isEmpty else { throw Rejection(self.mistakes) }
        return self.transcript
    }

    mutating func take(_ line: Substring, _ number: Int) {
        self.number = number
        guard self.mistakes.count < Self.maximumMistakes, self.transcript.steps.count < Transcript.maximumSteps else {
            return
        }
        let isContinued = line.hasPrefix(">>") || line.hasPrefix("<<")
        defer {
            if !isContinued, !line.hasPrefix(">"), !line.hasPrefix("<"), !line.hasPrefix("agent>") {
                self.open = .nothing
            }
        }
        if line.hasPrefix("#") || line.allSatisfy(\.isWhitespace) { return }
        if isContinued { return self.resume(line) }
        if line.hasPrefix("agent>") { return self.add(.agentSays(Self.text(line.dropFirst(6))), opens: .message) }
        switch line.first {
        case ">":
            self.hasTurn = true
            self.add(.says(Self.text(line.dropFirst())), opens: .message)
        case "<": self.takeReply(line)
        case "=": self.takeCheck(line)
        case "+": self.takePause(line)
        case "!": self.takeDisturbance(line)
        default: self.takeSetting(line)
        }
    }

    /// A file that is none of ours must not fill the terminal.
    private static let maximumMistakes = 50

    /// What stands behind a mark: one space belongs to the mark.
    private static func text(_ rest: Substring) -> String { String(rest.first == " " ? rest.dropFirst() : rest) }

    private mutating func add(_ action: Transcript.Action, opens: Open = .nothing) {
        var place = Place(file: self.transcript.file)
        place.line = self.number
        self.transcript.steps.append(Transcript.Step(place: place, action: action))
        self.open = opens
    }

    private mutating func resume(_ line: Substring) {
        let more = "\n" + Self.text(line.dropFirst(2))
        let last = self.transcript.steps.count - 1
        switch (line.first, self.open, self.transcript.steps.last?.action) {
        case (">", .message, .says(let text)?): self.transcript.steps[last].action = .says(text + more)
        case (">", .message, .agentSays(let text)?): self.transcript.steps[last].action = .agentSays(text + more)
        case ("<", .reply, .expects(.exactly(let text))?):
            self.transcript.steps[last].action = .expects(.exactly(text + more))
        default:
            let mark = line.prefix(2)
            let above = mark == ">>" ? "> or agent>" : "< with a whole text"
            self.refuse("nothing-to-continue", column: 1, "\"\(mark)\" stands under no line with \(above)")
        }
    }

    private mutating func refuse(_ code: String, column: Int, _ problem: String, hint: String? = nil) {
        var place = Place(file: self.transcript.file)
        (place.line, place.column) = (self.number, column)
        self.mistakes.append(Diagnostic(code, at: place, problem, hint: hint))
    }
}

// MARK: Lines

extension TranscriptParser {
    private mutating func takeReply(_ line: Substring) {
        if line.hasPrefix("<-") {
            let rest = line.dropFirst(2)
            guard rest.allSatisfy(\.isWhitespace) else {
                let hint = "\"<-\" stands alone; for a reply that begins with it write < \"-…\""
                return self.refuse("wrong-value", column: 3, "text behind \"<-\"", hint: hint)
            }
            return self.add(.expectsNoReply)
        }
        let text = Self.text(line.dropFirst())
        let trimmed = text.trimmed
        if trimmed == "*" { return self.add(.expects(.anything)) }
        if trimmed.isEmpty {
            let hint = "write the reply, /a pattern/, ~ a part of it, or * for any; <- for none"
            return self.refuse("wrong-value", column: 1, "no reply is named", hint: hint)
        }
        if trimmed.hasPrefix("~") {
            let part = String(trimmed.dropFirst()).trimmed
            guard part.isEmpty else { return self.add(.expects(.contains(part))) }
            return self.refuse("wrong-value", column: 3, "no part is named", hint: "write it behind the ~")
        }
        if trimmed.hasPrefix("/"), trimmed.hasSuffix("/"), trimmed.count > 2 {
            return self.add(.expects(.matches(String(trimmed.dropFirst().dropLast()))))
        }
        if trimmed.hasPrefix("\"") {
            guard let unquoted = Self.unquoted(trimmed) else {
                let hint = "end it with a quotation mark; inside write \\\" for one, \\\\ and \\n"
                return self.refuse("wrong-value", column: 3, "the quoted reply doesn't end", hint: hint)
            }
            return self.add(.expects(.exactly(unquoted)), opens: .reply)
        }
        self.add(.expects(.exactly(text)), opens: .reply)
    }

    /// The text between quotation marks; nothing where they don't enclose all of it.
    private static func unquoted(_ text: String) -> String? {
        var result = ""
        var isEscaped = false
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if isEscaped {
                guard ["\"", "\\", "n"].contains(character) else { return nil }
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return rest.isEmpty ? result : nil
            } else {
                result.append(character)
            }
        }
        return nil
    }

    private mutating func takeCheck(_ line: Substring) {
        let rest = line.dropFirst()
        let words = rest.prefix { $0 != ":" }
        let value = String(rest.dropFirst(words.count + 1)).trimmed
        let parts = words.split(separator: " ")
        let column = 2 + rest.prefix { $0 == " " }.count
        guard let word = parts.first.map(String.init), Transcript.Check.words.contains(word) else {
            let hint = suggestion(for: String(parts.first ?? ""), among: Transcript.Check.words)
            return self.refuse("unknown-key", column: column, "unknown key \"\(words.trimmed)\"", hint: hint)
        }
        guard self.hasTurn else {
            return self.refuse(
                "no-turn",
                column: 1,
                "nobody has said anything yet",
                hint: "write it under a line with >"
            )
        }
        if word == "note" {
            guard parts.count == 2 else {
                let hint = "write = note NAME, or = note NAME: a part of it"
                return self.refuse("wrong-value", column: column, "whose note?", hint: hint)
            }
            return self.add(.checks(.note(String(parts[1])), value))
        }
        guard parts.count == 1, rest.contains(":"), !value.isEmpty else {
            return self.refuse("wrong-value", column: column, "no value", hint: "write = \(word): VALUE")
        }
        if word == "within", Duration(written: value) == nil {
            let hint = "write a number and a unit: 100ms, 2s"
            return self.refuse("bad-duration", column: column, "\"\(value)\" is no duration", hint: hint)
        }
        self.add(.checks(Self.check(word), value))
    }

    private static func check(_ word: String) -> Transcript.Check {
        switch word {
        case "from": .from
        case "outcome": .outcome
        case "state": .state
        case "topic": .topic
        case "tags": .tags
        case "within": .within
        default: .choices
        }
    }

    private mutating func takePause(_ line: Substring) {
        let text = String(line.dropFirst()).trimmed
        guard let duration = Duration(written: text) else {
            let hint = "write a number and a unit: 250ms, 2s, 10m, 2h, 30d"
            return self.refuse("bad-duration", column: 3, "\"\(text)\" is no duration", hint: hint)
        }
        self.add(.passes(duration))
    }

    private mutating func takeDisturbance(_ line: Substring) {
        let words = line.dropFirst().split(separator: " ").map(String.init)
        let known = ["fail", "delay", "drop", "say", "do", "reload", "restart"]
        switch (words.first, words.count) {
        case ("fail"?, 3): self.add(.disturbs(.fail(words[1], code: words[2])))
        case ("delay"?, 3):
            guard let duration = Duration(written: words[2]) else {
                return self.refuse("bad-duration", column: 3, "\"\(words[2])\" is no duration", hint: "write 3s")
            }
            self.add(.disturbs(.delay(words[1], duration)))
        case ("drop"?, 2): self.add(.disturbs(.drop(words[1])))
        case ("say"?, 3...): self.add(.disturbs(.say(words[1], text: Self.rest(of: line, behind: words[1]))))
        case ("do"?, 2...):
            let written = Self.rest(of: line, behind: words[1])
            guard let values = written.isEmpty ? [:] : Transcript.pairs(written) else {
                let hint = "write ! do \(words[1]) number=17, state=open"
                return self.refuse("wrong-value", column: 3, "\"\(written)\" are no values by name", hint: hint)
            }
            self.add(.disturbs(.perform(words[1], values: values)))
        case ("reload"?, 1): self.add(.disturbs(.reload))
        case ("restart"?, 1): self.add(.disturbs(.restart))
        case (let word?, _) where known.contains(word):
            let hint =
                "write ! fail NAME CODE, ! delay NAME 3s, ! drop NAME, ! say NAME TEXT, ! do NAME KEY=VALUE, ! reload or ! restart"
            self.refuse("wrong-value", column: 3, "\"\(word)\" has other words behind it", hint: hint)
        case (let word, _):
            let hint = suggestion(for: word ?? "", among: known)
            self.refuse("unknown-key", column: 3, "unknown word \"\(word ?? "")\"", hint: hint)
        }
    }

    /// What stands behind the name of whoever a line is about.
    private static func rest(of line: Substring, behind name: String) -> String {
        line.firstRange(of: " \(name)").map { line[$0.upperBound...].trimmed } ?? ""
    }

    private mutating func takeSetting(_ line: Substring) {
        let written = line.prefix { $0 != ":" }
        let keys = Transcript.Setting.Key.allCases.map(\.rawValue)
        let marks = "a line begins with >, <, =, +, ! or #"
        guard written.count < line.count else {
            return self.refuse("no-mark", column: 1, "a line without a mark", hint: marks)
        }
        guard let key = Transcript.Setting.Key(rawValue: written.trimmed) else {
            // One that stands among the messages is rarely a key.
            let hint = self.transcript.steps.isEmpty ? suggestion(for: written.trimmed, among: keys) : marks
            return self.refuse("unknown-key", column: 1, "unknown key \"\(written.trimmed)\"", hint: hint)
        }
        guard self.transcript.steps.isEmpty else {
            let problem = "\"\(key.rawValue)\" stands behind a message"
            return self.refuse("late-setting", column: 1, problem, hint: "write it before the first >")
        }
        guard self.transcript.setting(key) == nil else {
            return self.refuse("duplicate-key", column: 1, "a second \"\(key.rawValue)\"")
        }
        let rest = line.dropFirst(written.count + 1)
        let value = rest.trimmed
        guard !value.isEmpty else {
            return self.refuse("wrong-value", column: 1, "no value", hint: "write \(key.rawValue): VALUE")
        }
        var place = Place(file: self.transcript.file)
        place.line = self.number
        place.column = 1 + line.unicodeScalars.count - rest.drop { $0 == " " }.unicodeScalars.count
        self.transcript.settings.append(Transcript.Setting(key: key, value: value, place: place))
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
