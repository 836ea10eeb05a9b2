internal import Responders
internal import SourceCode

/// How places are said.
extension Code {
    func verdict(on answer: CodeAnswer, _ lang: String?) -> Verdict {
        // Where a name is merely used is no answer: in "on my iPhone" nobody asks for code.
        let places = answer.places.filter { $0.reason != .use }
        guard let best = places.first else {
            guard let unknown, answer.isQuestion else { return .pass(reason: "no-code") }
            return .reply(Reply(unknown, format: .plain))
        }
        let texts = CodeTexts.of(lang)
        var blocks = [self.text ?? texts.found] + places.map { "```\n\(Self.shown($0))\n```" }
        if answer.isPartial { blocks.append(texts.partial) }
        let links = places.compactMap { place in place.url.map { Reply.Link(title: place.name, url: $0) } }
        let reply = Reply(blocks.joined(separator: "\n\n"), format: .markdown, links: links)
        return .reply(reply, confidence: Self.confidence(best))
    }

    /// A place on several lines, none of which can end a fence of Markdown: the first one ends with a number or a
    /// parenthesis, and all others begin with a word or a number.
    static func shown(_ place: CodePlace) -> String {
        var lines = [place.name + (place.symbol.map { " (\($0.shown))" } ?? "")]
        if let excerpt = place.excerpt { lines.append(excerpt.numbered) }
        for finding in place.findings.prefix(5) {
            let note = finding.isSuppressed ? ", accepted" : ""
            lines.append("\(finding.level)\(note), line \(finding.line): \(finding.message) [\(finding.rule)]")
        }
        return lines.joined(separator: "\n")
    }

    private static func confidence(_ place: CodePlace) -> Double {
        switch place.reason {
        case .frame(_, let isAmbiguous): isAmbiguous ? 0.7 : 0.95
        case .definition: 0.8
        case .errorText, .match: 0.7
        case .use: 0.3
        }
    }

    static func note(of answer: CodeAnswer) -> Note {
        let places = answer.places.map { place -> Note in
            var fields: [String: Note] = [
                "path": .text(place.path), "line": .number(Double(place.line)), "reason": .text(place.reason.word),
            ]
            fields["text"] = place.excerpt.map { .text($0.numbered) }
            fields["symbol"] = place.symbol.map { .text($0.shown) }
            fields["url"] = place.url.map { .text($0) }
            if !place.findings.isEmpty {
                fields["findings"] = .list(place.findings.prefix(5).map { .text("\($0.rule): \($0.message)") })
            }
            return .fields(fields)
        }
        return ["code": .list(places)]
    }
}

extension Symbol {
    /// What it is and its name: `function Basket.total_price`.
    package var shown: String { "\(self.kind) \(self.scope.map { "\($0)." } ?? "")\(self.name)" }
}

extension CodePlace.Reason {
    /// For notes and lists.
    package var word: String {
        switch self {
        case .frame(_, let isAmbiguous): isAmbiguous ? "frame, one of several files" : "frame"
        case .definition: "definition"
        case .errorText: "error text"
        case .match: "match"
        case .use: "use"
        }
    }
}

extension Code {
    /// What the sample's examples get.
    static func sampleReply(line: Int, _ symbol: String) -> Reply {
        let source = [
            "class Basket:", "    def total_price(self):", "        if not self.items:",
            "            raise ValueError(\"the basket has no items\")",
            "        return sum(item.price for item in self.items)",
        ]
        let lines = (line - 2...min(line + 2, source.count)).map {
            "\($0 == line ? ">" : " ") \($0)  \(source[$0 - 1])"
        }
        let name = "shop/basket.py:\(line)"
        return Reply(
            "This is where it is in the code.\n\n```\n\(name) (function \(symbol))\n\(lines.joined(separator: "\n"))\n```",
            links: [.init(title: name, url: "https://git.example.com/shop/blob/main/shop/basket.py#L\(line)")]
        )
    }
}
