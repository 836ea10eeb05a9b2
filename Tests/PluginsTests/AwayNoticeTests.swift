import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("away-notice")
struct AwayNoticeTests {
    private static let hours = "{opens_at: '09:00', closes_at: '17:00', text: Back at 9:00.}"

    @Test(
        "is open from opens_at up to but not including closes_at",
        arguments: [("00:00", false), ("08:59", false), ("09:00", true), ("16:59", true), ("17:00", false)]
    )
    func ownHours(time: String, isOpen: Bool) async throws {
        let desk = try Desk(AwayNotice.self, Self.hours)
        try await desk.hears("hello", at: time).expect(isOpen ? .pass(reason: "open") : .reply("Back at 9:00."))
        // The site's hours don't matter then.
        try await desk.hears("hello", at: time, isOpen: !isOpen)
            .expect(isOpen ? .pass(reason: "open") : .reply("Back at 9:00."))
    }

    @Test("without hours of its own keeps the site's, and is always open where that has none")
    func siteHours() async throws {
        let desk = try Desk(AwayNotice.self, "text: We are closed.")
        try await desk.hears("hello", isOpen: false).expect(.reply("We are closed."))
        try await desk.hears("hello", isOpen: true).expect(.pass(reason: "open"))
        try await desk.hears("hello").expect(.pass(reason: "open"))
    }

    @Test("silences everybody behind it in answer while the desk is closed")
    func silences() async throws {
        var desk = try ChainDesk("answer: [away-notice: \(Self.hours)]\nfallback: [fallback]", plugins: .builtin())
        try await desk.say("hello", at: "18:00").expectReply("Back at 9:00.", from: "away-notice")
        try await desk.say("hello", at: "12:00").expectOutcome(.fellBack)
    }

    @Test(
        "says what is wrong with its hours, and what to write",
        arguments: [
            (
                "{opens_at: '18:00', closes_at: '08:00', text: x}",
                """
                test.yaml:1:21: away-notice.closes_at: the desk opens at 18:00 and closes at 08:00; write opens_at before \
                closes_at; hours past midnight go into sites.NAME.opening_hours [invalid-hours]
                """
            ),
            (
                "{opens_at: '18:00', text: x}",
                "test.yaml:1:2: away-notice.opens_at: \"closes_at\" is missing beside it [missing-key]"
            ),
            (
                "{text: ' '}",
                "test.yaml:1:2: away-notice.text: the text is empty; write a sentence, or leave it out [empty-text]"
            ),
        ]
    )
    func mistakes(yaml: String, message: String) {
        let rejection = #expect(throws: Rejection.self) { try Desk(AwayNotice.self, yaml) }
        #expect(rejection?.description == message)
    }
}
