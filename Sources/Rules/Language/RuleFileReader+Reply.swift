internal import Diagnostics

extension RuleFileReader {
    /// A text, `{text, choices}`, or `{pick, variants}`.
    mutating func reply(_ node: YAMLNode) -> WrittenReply? {
        if node.text != nil {
            return self.replyText(node, of: "reply").map { WrittenReply(variants: [.init(text: $0)]) }
        }
        guard let entries = self.entries(of: node, ReplyKey.self) else { return nil }
        guard let variants = entries[.variants] else { return self.singleText(node, entries) }
        for entry in entries where entry.key == .text || entry.key == .choices {
            let problem = "\"reply\" has \"\(entry.key.rawValue)\" and \"variants\""
            self.findings.error("conflicting-keys", at: entry.place, problem, hint: "move it into a variant")
        }
        var reply = WrittenReply()
        if let pick = entries[.pick] { reply.pick = self.word("pick", pick) ?? .first }
        let items = self.items("variants", variants, expected: "a list of texts")
        if variants.items?.isEmpty == true {
            self.findings.wrongValue("variants", variants, expected: "a list of texts")
        }
        reply.variants = items.compactMap { self.variant($0, of: reply) }
        if let last = reply.variants.last?.guardText, reply.variants.count == items.count {
            let problem = "the last variant has \"when\", so that a message could be left without a text"
            self.findings.error("last-variant", at: last.place, problem, hint: "leave \"when\" out there")
        }
        return reply.variants.count == items.count && !items.isEmpty ? reply : nil
    }

    private mutating func singleText(_ node: YAMLNode, _ entries: [KeyedValue<ReplyKey>]) -> WrittenReply? {
        if let pick = entries.first(where: { $0.key == .pick }) {
            let hint = "leave it out, or write variants:"
            self.findings.error("conflicting-keys", at: pick.place, "\"pick\" needs variants to pick from", hint: hint)
        }
        guard let textNode = entries[.text] else {
            let hint = "write text: or variants:"
            self.findings.error("missing-key", at: node.place, "\"reply\" has no text", hint: hint)
            return nil
        }
        let choices = entries[.choices].map { self.choices($0) } ?? []
        return self.replyText(textNode).map { WrittenReply(variants: [.init(text: $0, choices: choices)]) }
    }

    private mutating func variant(_ node: YAMLNode, of reply: WrittenReply) -> WrittenReply.Variant? {
        if node.text != nil { return self.replyText(node).map { .init(text: $0) } }
        guard let entries = self.entries(of: node, VariantKey.self) else { return nil }
        guard let textNode = entries[.text] else {
            self.findings.error("missing-key", at: node.place, "the variant has no \"text\"", hint: "write text:")
            return nil
        }
        guard let text = self.replyText(textNode) else { return nil }
        var variant = WrittenReply.Variant(text: text)
        for entry in entries {
            switch entry.key {
            case .text: break
            case .when:
                let text = self.text("when", entry.value, expected: "a capture, or not and a capture")
                variant.guardText = text.map { Written(value: $0, place: entry.value.place.bare) }
            case .choices: variant.choices = self.choices(entry.value)
            case .weight:
                variant.weight = self.number("weight", entry.value, in: 1...100) ?? 1
                guard reply.pick != .weighted else { continue }
                let problem = "\"weight\" counts only under \"pick: weighted\""
                self.findings.error("conflicting-keys", at: entry.place, problem, hint: "leave it out, or change pick")
            }
        }
        return variant
    }

    /// The node of a text that is neither empty nor too long for a message.
    mutating func replyText(_ node: YAMLNode, of key: String = "text") -> YAMLNode? {
        guard let text = self.text(key, node) else { return nil }
        let isControl = { (scalar: Unicode.Scalar) in
            scalar.properties.generalCategory == .control && !"\n\r\t".unicodeScalars.contains(scalar)
        }
        if let offset = Array(text.unicodeScalars).firstIndex(where: isControl) {
            let place = node.place(ofScalar: offset)
            self.findings.error("wrong-value", at: place, "\"\(key)\" holds a control character", hint: "take it out")
            return nil
        }
        guard text.utf8.count <= Reply.maximumBytes else {
            let problem = "the text has \(text.utf8.count) bytes"
            self.findings.error("too-long", at: node.place, problem, hint: "write at most \(Reply.maximumBytes)")
            return nil
        }
        return node
    }

    private mutating func choices(_ node: YAMLNode) -> [RuleChoice] {
        let items = self.items("choices", node, expected: "a list of quick replies")
        if items.count > RuleChoice.maximumCount {
            let hint = "write at most \(RuleChoice.maximumCount)"
            self.findings.error("too-long", at: node.place, "\(items.count) quick replies", hint: hint)
        }
        if node.items?.isEmpty == true {
            self.findings.wrongValue("choices", node, expected: "at least one quick reply, or leave the key out")
        }
        var labels: Set<String> = []
        return items.compactMap { item in
            guard let choice = self.choice(item) else { return nil }
            if !labels.insert(choice.label).inserted {
                let problem = "two quick replies are called \"\(choice.label)\""
                self.findings.error("duplicate-name", at: item.place, problem, hint: "rename one of them")
            }
            return choice
        }
    }

    /// A label, or `{label, send}`.
    private mutating func choice(_ node: YAMLNode) -> RuleChoice? {
        guard node.entries != nil else {
            guard let label = self.text("choices", node) else { return nil }
            return self.checked(RuleChoice(label: label), node, node)
        }
        guard let entries = self.entries(of: node, ChoiceKey.self) else { return nil }
        guard let labelNode = entries[.label] else {
            self.findings.error("missing-key", at: node.place, "the quick reply has no \"label\"", hint: "write label:")
            return nil
        }
        guard let label = self.text("label", labelNode) else { return nil }
        guard let sendNode = entries[.send] else { return self.checked(RuleChoice(label: label), labelNode, labelNode) }
        guard let send = self.text("send", sendNode) else { return nil }
        return self.checked(RuleChoice(label: label, send: send), labelNode, sendNode)
    }

    private mutating func checked(_ choice: RuleChoice, _ label: YAMLNode, _ send: YAMLNode) -> RuleChoice? {
        if choice.label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            let problem = "the label has more than one line"
            self.findings.error("wrong-value", at: label.place, problem, hint: "write it on one line")
            return nil
        }
        if choice.label.contains("{{") {
            let hint = "write plain text: a label is shown as it is"
            self.findings.error("wrong-value", at: label.place, "the label holds \"{{\"", hint: hint)
            return nil
        }
        if choice.label.count > RuleChoice.maximumLabelCharacters {
            let problem = "the label has \(choice.label.count) characters"
            let hint = "write at most \(RuleChoice.maximumLabelCharacters)"
            self.findings.error("too-long", at: label.place, problem, hint: hint)
            return nil
        }
        if choice.send.utf8.count > RuleChoice.maximumSendBytes {
            let problem = "\"send\" has \(choice.send.utf8.count) bytes"
            let hint = "write at most \(RuleChoice.maximumSendBytes)"
            self.findings.error("too-long", at: send.place, problem, hint: hint)
            return nil
        }
        return choice
    }
}
