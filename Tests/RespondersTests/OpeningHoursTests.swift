import Diagnostics
import Responders
import Testing

@Suite("opening hours")
struct OpeningHoursTests {
    private struct Written: Decodable { var hours: OpeningHours }

    private static func hours(_ yaml: String) throws -> OpeningHours {
        let schema = try SettingsSchema(sample: "hours: {mon: '08:00-18:00'}", name: "test", openKeys: ["hours"])
        return try Settings(yaml: "hours: \(yaml)", file: "test.yaml", keyPath: "site")
            .decode(Written.self, like: schema).hours
    }

    private static func time(_ text: String) throws -> TimeOfDay { try #require(TimeOfDay(text)) }

    @Test(
        "begin with their first minute and end before their last, on the days that are named",
        arguments: [
            (Weekday.mon, "07:59", false), (.mon, "08:00", true), (.mon, "11:59", true), (.mon, "12:00", false),
            (.mon, "13:00", true), (.thu, "17:59", true), (.thu, "18:00", false), (.fri, "09:00", false),
            (.sat, "23:59", true), (.sun, "00:00", true), (.sun, "06:00", false), (.tue, "23:59", false),
        ]
    )
    func contains(day: Weekday, time: String, isOpen: Bool) throws {
        let hours = try Self.hours(
            "{mon-thu: ['08:00-12:00', '13:00-18:00'], sat: '22:00-24:00', sun: '00:00-06:00'}"
        )
        #expect(try hours.contains(Self.time(time), on: day) == isOpen)
    }

    @Test("a span of days may go over Sunday")
    func overSunday() throws {
        let hours = try Self.hours("{sat-mon: '10:00-11:00'}")
        let open = try Weekday.allCases.filter { try hours.contains(Self.time("10:00"), on: $0) }
        #expect(open == [.mon, .sat, .sun])
    }

    @Test(
        "every day of the calendar has its weekday",
        arguments: [(0, Weekday.thu), (-1, .wed), (-4, .sun), (3, .sun), (4, .mon), (20_787, .mon), (-719_162, .mon)]
    )
    func weekdays(days: Int, day: Weekday) { #expect(Weekday(daysSinceEpoch: days) == day) }

    @Test(
        "say what is wrong with them, at the day",
        arguments: [
            ("{monday: '08:00-18:00'}", "\"monday\" is no day; write mon, tue, wed, thu, fri, sat or sun, or a span"),
            ("{mon: '8-18'}", "\"8-18\" is no span of time; write '08:00-18:00'"),
            ("{mon: '18:00-08:00'}", "\"18:00-08:00\" ends before it begins; to be open past midnight, write two days"),
            ("{mon: '08:00-18:00', mon-fri: '08:00-18:00'}", "mon is named twice"),
            ("{}", "no day is open; write {mon-fri: '08:00-18:00'}, or leave it out"),
        ]
    )
    func mistakes(yaml: String, message: String) {
        let rejection = #expect(throws: Rejection.self) { try Self.hours(yaml) }
        #expect(rejection?.description.contains(message) == true, "\(rejection?.description ?? "")")
        #expect(rejection?.diagnostics.count == 1)
    }
}
