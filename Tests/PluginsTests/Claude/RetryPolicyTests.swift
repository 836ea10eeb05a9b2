import Testing

@testable import Plugins

@Suite("claude: when a request is sent again")
struct RetryPolicyTests {
    private func policy(retries: Int = 2, random: Double = 0) -> RetryPolicy {
        // Sun, 06 Nov 1994 08:49:30 GMT.
        RetryPolicy(retries: retries, random: { random }, wallClock: { 784_111_770_000 })
    }

    private func refused(_ status: Int, _ headers: [String: String] = [:]) -> CallFailure {
        .refused(RefusedRequest(status: status, error: APIError(), headers: headers))
    }

    @Test(
        "by its status",
        arguments: [
            (400, false), (401, false), (402, false), (403, false), (404, false), (413, false), (422, false),
            (307, false), (408, true), (409, true), (429, true), (500, true), (501, true), (502, true), (503, true),
            (504, true), (529, true), (599, true),
        ]
    )
    func status(status: Int, isRepeated: Bool) {
        #expect((self.policy().pause(after: self.refused(status), count: 0) != nil) == isRepeated)
        let yes = self.policy().pause(after: self.refused(status, ["x-should-retry": "true"]), count: 0)
        #expect(yes == .milliseconds(375))
        #expect(self.policy().pause(after: self.refused(status, ["x-should-retry": "false"]), count: 0) == nil)
    }

    @Test("after half a second, doubling to eight, less up to a quarter")
    func backoff() {
        let waits = (0..<6).map {
            self.policy(retries: 9, random: 0.99999999).pause(after: self.refused(500), count: $0)
        }
        let seconds = waits.map { $0.map { ($0 / .milliseconds(1)).rounded() } }
        #expect(seconds == [500, 1_000, 2_000, 4_000, 8_000, 8_000])
        let least = (0..<3).map { self.policy(retries: 9).pause(after: self.refused(500), count: $0) }
        #expect(least == [.milliseconds(375), .milliseconds(750), .milliseconds(1_500)])
        #expect(self.policy().pause(after: self.refused(500), count: 2) == nil)
    }

    @Test(
        "after as long as the API says",
        arguments: [
            (["retry-after-ms": "250", "retry-after": "9"], Duration.milliseconds(250)),
            (["retry-after": "2"], .seconds(2)), (["retry-after": "0.5"], .milliseconds(500)),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"], .seconds(7)),
            (["retry-after": "Sun, 06 Nov 1994 08:00:00 GMT"], .zero),
            (["retry-after": "Thu, 29 Feb 2024 00:00:00 GMT"], .seconds(925_053_030)),
            (["retry-after": "1e300"], .seconds(86_400)), (["retry-after": "inf"], .seconds(86_400)),
            // What can't be read says nothing.
            (["retry-after": "-1"], .milliseconds(375)), (["retry-after": "soon"], .milliseconds(375)),
            (["retry-after": "Sun, 06 Foo 1994 08:49:37 GMT"], .milliseconds(375)),
            (["retry-after-ms": "x", "retry-after": "1"], .seconds(1)),
        ]
    )
    func retryAfter(headers: [String: String], pause: Duration) {
        #expect(self.policy().pause(after: self.refused(429, headers), count: 0) == pause)
    }

    @Test("never behind the first byte, never when given up; at once when it was late")
    func kinds() {
        let policy = self.policy()
        #expect(policy.pause(after: .broken(.cut), count: 0) == nil)
        #expect(policy.pause(after: .cancelled, count: 0) == nil)
        #expect(policy.pause(after: .late, count: 0) == .zero)
        #expect(policy.pause(after: .unanswered(.init(problem: "x", mayRepeat: true)), count: 1) == .milliseconds(750))
        #expect(policy.pause(after: .unanswered(.init(problem: "x", mayRepeat: false)), count: 0) == nil)
    }
}
