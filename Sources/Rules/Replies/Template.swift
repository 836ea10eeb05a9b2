/// A reply text with places for captures and values.
struct Template: Sendable, Equatable {
    enum Piece: Sendable, Equatable {
        case text(String)
        case value(Reference, filters: [Filter])
    }

    /// What a place stands for.
    enum Reference: Sendable, Hashable {
        case capture(String)
        case pagePath
        case pageTitle
        case pageURL
        case lang
        case site
        case visitorName
        /// `ctx.vars.NAME`.
        case variable(String)
        /// A value of an action's answer, or without a field whether there is an answer.
        case action(String, field: String?)
    }

    /// What is done with a value before it goes in, in the order as written.
    enum Filter: Sendable, Equatable {
        case lower
        case upper
        case trim
        /// At most so many characters.
        case first(Int)
        /// The text for a value that isn't set.
        case or(String)
    }

    /// At most this many characters of a value go in.
    static let maximumValueLength = 200

    let pieces: [Piece]

    /// The values of actions without which the text would have a gap.
    var neededAnswers: [Reference] {
        self.pieces.compactMap { piece in
            guard case .value(let reference, let filters) = piece, case .action = reference else { return nil }
            return filters.contains { if case .or = $0 { true } else { false } } ? nil : reference
        }
    }

    /// The text with the values filled in, at most ``Reply/maximumBytes`` long.
    func text(_ values: ReplyValues) -> String {
        if case .text(let text)? = self.pieces.first, self.pieces.count == 1 { return text }
        var text = ""
        for piece in self.pieces {
            switch piece {
            case .text(let part): text += part
            case .value(let reference, let filters): text += Self.filtered(values[reference], filters) ?? ""
            }
        }
        return text.utf8.count <= Reply.maximumBytes ? text : Self.cut(text, to: Reply.maximumBytes)
    }

    private static func filtered(_ value: String?, _ filters: [Filter]) -> String? {
        var value = value.map { String($0.prefix(self.maximumValueLength)) }
        for filter in filters {
            switch filter {
            case .lower: value = value?.lowercased()
            case .upper: value = value?.uppercased()
            case .trim: value = value.map { $0.trimmed }
            case .first(let count): value = value.map { String($0.prefix(count)) }
            case .or(let text): value = value?.isEmpty == false ? value : text
            }
        }
        return value
    }

    /// As many whole characters as fit.
    private static func cut(_ text: String, to byteCount: Int) -> String {
        var bytes = 0
        return String(
            text.prefix { character in
                bytes += character.utf8.count
                return bytes <= byteCount
            }
        )
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        let start = self.drop(while: \.isWhitespace)
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { String(start[...$0]) } ?? ""
    }
}

/// What the places of a reply text stand for, for one message.
struct ReplyValues {
    var captures: [Capture]
    var context: RuleContext
    /// What responders have said to the rule's actions, by the action's name.
    var answers: [String: [String: String]] = [:]

    /// The value, or nothing where it isn't set; an empty text counts as not set.
    subscript(reference: Template.Reference) -> String? {
        let value: String? =
            switch reference {
            case .capture(let name): self.captures.first { $0.name == name }?.value
            case .pagePath: self.context.page.path
            case .pageTitle: self.context.page.title
            case .pageURL: self.context.page.url
            case .lang: self.context.lang
            case .site: self.context.site
            case .visitorName: self.context.visitorName
            case .variable(let name): self.context.vars[name]
            case .action(let name, let field?): self.answers[name]?[field]
            case .action(let name, nil): self.answers[name] == nil ? nil : name
            }
        return value?.isEmpty == true ? nil : value
    }
}

extension Template.Reference {
    /// The values that are no captures, by their names.
    static let named: [String: Template.Reference] = [
        "ctx.page.path": .pagePath, "ctx.page.title": .pageTitle, "ctx.page.url": .pageURL, "ctx.lang": .lang,
        "ctx.site": .site, "visitor.name": .visitorName,
    ]

    /// Whether it is set for every message.
    var isAlwaysSet: Bool { self == .pagePath || self == .site }

    /// Whether `other` is set wherever this is.
    func covers(_ other: Template.Reference) -> Bool {
        if case .action(let name, nil) = self, case .action(name, _) = other { return true }
        return self == other
    }
}
