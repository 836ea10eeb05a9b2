internal import Responders

extension FrameReader {
    private static let maximumValues = 32
    private static let maximumNameBytes = 64
    private static let maximumValueBytes = 4_096

    /// What came of an action; what is wrong with it is in ``problems``.
    mutating func result() -> (ActionResult, Failure?) {
        let code = self.code("code")
        let reason = self.text("reason", atMost: 1_024)
        let reply = self.value("text") == nil ? nil : self.reply()
        let result = ActionResult(self.values(), reply: reply)
        guard code != nil || reason != nil else { return (result, nil) }
        return (ActionResult(), Failure(code ?? .pluginFailed, reason))
    }

    /// The values by their names; numbers and flags as they are written.
    private mutating func values() -> [String: String] {
        guard let value = self.value("values") else { return [:] }
        guard case .object(let members) = value else {
            self.refuse("wrong-type", "values", "expected an object, found \(value.kind)")
            return [:]
        }
        if members.count > Self.maximumValues {
            self.refuse("too-many", "values", "\(members.count) values; \(Self.maximumValues) is the most")
        }
        var values: [String: String] = [:]
        for member in members.prefix(Self.maximumValues) {
            let name = "values.\(member.key.prefix(Self.maximumNameBytes))"
            if !(1...Self.maximumNameBytes ~= member.key.utf8.count) {
                self.refuse("too-long", name, "a name of \(member.key.utf8.count) bytes; write 1 to 64")
            }
            switch member.value {
            case .null: continue
            case .text(let text):
                if text.utf8.count > Self.maximumValueBytes {
                    self.refuse("too-long", name, "\(text.utf8.count) bytes; \(Self.maximumValueBytes) is the most")
                }
                values[member.key] = text
            case .number, .flag: values[member.key] = String(decoding: member.value.bytes, as: UTF8.self)
            case .list, .object: self.refuse("wrong-type", name, "expected a text, found \(member.value.kind)")
            }
        }
        return values
    }

    /// The names of what a plugin can be asked to do.
    mutating func actions() -> [String] {
        let names = self.texts("actions", atMost: PluginReady.maximumActions, bytes: 256)
        for (index, name) in names.enumerated() where !isCode(name) {
            let hint = "write 1 to 40 of a-z 0-9 -, such as create"
            self.refuse("bad-code", "actions[\(index)]", "no word in kebab case", hint: hint)
        }
        return names
    }
}
