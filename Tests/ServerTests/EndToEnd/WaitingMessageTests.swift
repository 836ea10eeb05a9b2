import Access
import Foundation
import Hub
import Messages
import Responders
import RespondersTesting
import Store
import Testing
import Transport

@testable import Server

/// Messages that come while an earlier one is answered.
@Suite("messages that wait for the ones before them", .timeLimit(.minutes(1)))
struct WaitingMessageTests {
    private static let secret = String(repeating: "a", count: 32)

    private struct Page: Decodable { var turns: [TraceRecord] }

    /// The records of all turns, by the id of the message.
    private static func records(_ port: Int) async throws -> [String: TraceRecord] {
        let request = TestRequest.get("/api/admin/turns?limit=100", ["Authorization: Bearer \(Self.secret)"])
        let page = try JSONDecoder().decode(Page.self, from: Data(try await request.send(port: port).body))
        return Dictionary(page.turns.map { ($0.message ?? "", $0) }) { first, _ in first }
    }

    @Test("each has its outcome and its record, also one too many; how long it waited counts")
    func outcomes() async throws {
        let folder = try ScratchFolder()
        let store = "\(folder.path)/chat.db"
        let patient = Patient()
        let limit = Duration.seconds(100)
        let entry = Chain.Entry(patient, name: "patient", stage: .answer, timeout: limit)
        let chain = Chain(name: "test", entries: [entry], deadline: limit)
        try await RunningServer.run(
            chain: chain,
            reloader: ContentReloader([chain], clocks: SystemClocks(), logger: LogRecord().logger),
            options: HubOptions(messageRate: nil, waitingMessages: 2),
            adminToken: AdminToken(Self.secret),
            store: StoreOptions(path: store)
        ) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                for number in 0..<5 {
                    let message = #"{"type":"user","message":"Hallo","id":"m\#(number)","context":{"locale":"de"}}"#
                    try await socket.send(message)
                }
                for _ in 3..<5 {
                    let told = try await socket.next("claude")
                    #expect(told["message"]?.text?.hasPrefix("Einen Moment bitte") == true)
                }
                for _ in 0..<3 {
                    while patient.letGo() == 0 { await Task.yield() }
                    #expect(try await socket.next("claude")["message"]?.text == "Late answer to Hallo.")
                }
            }
            let records = try await Self.records(server.port)
            let outcomes = (0..<5).map { records["m\($0)"]?.outcome }
            #expect(outcomes == ["answered", "answered", "answered", "refused", "refused"])
            #expect(records["m4"]?.steps?.map(\.reason) == ["queue-full"])
            #expect(records["m0"]?.waitedMs == nil)
            for number in 1..<3 {
                let record = try #require(records["m\(number)"])
                let (waited, elapsed) = (try #require(record.waitedMs), try #require(record.elapsedMs))
                #expect(waited > 0 && elapsed >= waited)
            }
        }
        // Nothing is left for the next start.
        let stats = try await CommandRun(["store", "stats", "--store", store])
        #expect(stats.output.contains("turns     5, 0 of them not ended"), "\(stats.output)\(stats.complaint)")
    }
}
