import Messages
import Testing

@Suite("moments as text")
struct TimestampTests {
    @Test("every moment of the years 0 to 9999 is read as it was written")
    func roundTrip() {
        var random = SplitMix64(state: 7)
        for _ in 0..<20_000 {
            let moment = Timestamp(milliseconds: .random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
            #expect(Timestamp(moment.description) == moment, "\(moment)")
        }
    }

    @Test("three digits of a fraction count, and there may be none")
    func fractions() {
        let second = Timestamp("2026-11-24T05:29:13Z")?.milliseconds
        #expect(second == 1_795_498_153_000)
        for (fraction, milliseconds) in [("5", 500), ("05", 50), ("123", 123), ("1239", 123), ("999999999", 999)] {
            #expect(
                Timestamp("2026-11-24T05:29:13.\(fraction)Z")?.milliseconds == second.map { $0 + Int64(milliseconds) }
            )
        }
    }

    @Test(
        "what is no moment is none",
        arguments: [
            "", "Z", "now", "2026-11-24", "2026-11-24T05:29:13", "2026-11-24T05:29:13.Z",
            "2026-11-24T05:29:13.1234567890Z",
            "2026-11-24T05:29:13+00:00", "2026-11-24 05:29:13Z", "2026-11-24t05:29:13z", "2026-13-24T05:29:13Z",
            "2026-00-24T05:29:13Z", "2026-11-00T05:29:13Z", "2026-02-29T05:29:13Z", "1900-02-29T05:29:13Z",
            "2026-11-31T05:29:13Z", "2026-11-24T24:00:00Z", "2026-11-24T05:60:13Z", "2026-11-24T05:29:60Z",
            "2026-11-24T05:29:1\u{664}Z", "-026-11-24T05:29:13Z", "+026-11-24T05:29:13Z", "2026-11-24T05:29:13,123Z",
            "2026-11-24T05:29:13.12aZ", "4111111111111111    Z", "٢٠٢٦-11-24T05:29:13Z",
        ]
    )
    func refused(text: String) { #expect(Timestamp(text) == nil) }

    @Test("leap days are days where there are some")
    func leapDays() {
        for year in ["0000", "2000", "2024", "2400"] { #expect(Timestamp("\(year)-02-29T00:00:00Z") != nil, "\(year)") }
        for year in ["1900", "2023", "2100"] { #expect(Timestamp("\(year)-02-29T00:00:00Z") == nil, "\(year)") }
    }
}
