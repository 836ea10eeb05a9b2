import Responders
import Testing

@testable import Server

@Suite("what runs beside the turns")
struct PartServiceTests {
    private final class Part: RunningPart {
        func prepareToRun() {}
        func run() async {}
    }

    @Test("is started once, and only what is new is waited for: an old part that is ill keeps no reload away")
    func started() {
        let (old, new) = (Part(), Part())
        let service = PartService([old])
        let started = service.start([old, new])
        #expect(started.count == 1 && started.first === new)
        #expect(service.start([old, new]).isEmpty)
    }
}
