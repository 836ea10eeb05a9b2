import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import VerdictExamples

@Suite("the documented example of what a plugin keeps")
struct StateExampleTests {
    @Test("greets once a day, also after a restart")
    func daily() async throws {
        let time = Mutex<Int64>(0)
        let state = PluginState(now: { time.withLock(\.self) })
        for _ in 1...2 {
            let desk = try Desk(DailyWelcome.self, "text: Welcome!", state: state)
            try await desk.hears("hello").expect(.reply("Welcome!", then: .continue))
            try await desk.hears("hello again").expect(.pass(reason: "greeted"))
            let restarted = try Desk(DailyWelcome.self, "text: Welcome!", state: state)
            try await restarted.hears("hello").expect(.pass(reason: "greeted"))
            time.withLock { $0 += 86_400_000 }
        }
    }
}
