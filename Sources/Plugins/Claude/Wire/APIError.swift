/// An error as the API writes it.
///
/// Its message is free text that may change and may quote the request, so it is not kept.
struct APIError: Sendable, Hashable {
    /// `overloaded_error` and the like; empty where the body is no error of the API.
    var type = ""
    /// `details.error_code`, where there is one.
    var detail: String?
    /// What a vendor's support asks for.
    var requestID: String?

    /// The word of the trace: the type in kebab case without its end.
    var code: String {
        let word = self.type.hasSuffix("_error") ? String(self.type.dropLast(6)) : self.type
        let letters = word.utf8.prefix(40).allSatisfy { 0x61...0x7A ~= $0 || $0 == UInt8(ascii: "_") }
        guard !word.isEmpty, word.utf8.count <= 40, letters else { return "api-error" }
        return word.replacing("_", with: "-")
    }

    /// Reads an error body; nothing where it is none.
    init?(_ value: JSONValue) {
        guard case .text("error")? = value["type"], let error = value["error"], case .text(let type)? = error["type"]
        else { return nil }
        self.type = type
        if case .text(let code)? = error["details"]?["error_code"] { self.detail = code }
        if case .text(let id)? = value["request_id"] { self.requestID = id }
    }

    init() {}
}
