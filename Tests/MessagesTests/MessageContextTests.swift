import Messages
import Testing

@Suite("the context of a message")
struct MessageContextTests {
    private static func context(_ json: String) throws -> MessageContext {
        var reader = ClientFrameReader()
        var frame = #"{"type":"user","message":"hello","id":"m1","context":\#(json)}"#
        let read = try frame.withUTF8 { bytes in
            try reader.read(bytes, session: try #require(SessionID("s1")), mode: .v1)
        }
        guard case .user(let message) = read else { return .empty }
        return message.context
    }

    @Test("gives the site's own values as texts, whatever they were written as")
    func texts() throws {
        let context = try Self.context(
            #"{"page":"/a","vars":{"plan":"pro \u00e9","seats":12,"paid":true,"x":null,"y":{},"z":[]}}"#
        )
        #expect(context.texts(of: "vars") == ["plan": "pro é", "seats": "12", "paid": "true"])
        #expect(context.texts(of: "page").isEmpty)
        #expect(try Self.context("{}").texts(of: "vars").isEmpty)
        #expect(try Self.context(#"{"vars":"plan"}"#).texts(of: "vars").isEmpty)
    }

    @Test("gives no more of them than a page may set")
    func bounded() throws {
        let pairs = (0..<50).map { "\"key\($0)\":\"\($0)\"" }.joined(separator: ",")
        let texts = try Self.context(#"{"vars":{\#(pairs)}}"#).texts(of: "vars")
        #expect(texts.count == MessageContext.maximumTexts)
        #expect(texts["key0"] == "0")
        #expect(texts["key49"] == nil)
    }
}
