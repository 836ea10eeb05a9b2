internal import Diagnostics

/// A day of the week.
public enum Weekday: String, Sendable, Hashable, CaseIterable {
    case mon, tue, wed, thu, fri, sat, sun

    /// - Parameter days: Whole days since Thursday, 1970-01-01; before it negative.
    public init(daysSinceEpoch days: Int) { self = Self.allCases[((days + 3) % 7 + 7) % 7] }
}

/// When people are at a desk, on the clock of a site: `{mon-fri: '08:00-18:00', sat: '09:00-13:00'}`.
///
/// A day that isn't named is closed. A day with a break has a list: `['08:00-12:00', '13:00-17:00']`.
public struct OpeningHours: Sendable, Hashable, Decodable {
    /// Minutes since midnight, by day; up to but not including the last.
    private var hours: [Weekday: [Range<Int>]] = [:]

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: DayKey.self)
        for key in container.allKeys {
            guard let days = Self.days(key.stringValue) else {
                let problem = "\"\(key.stringValue)\" is no day"
                let hint = "write mon, tue, wed, thu, fri, sat or sun, or a span such as mon-fri"
                throw ConfigurationProblem("unknown-day", key: key.stringValue, problem, hint: hint)
            }
            let spans = try container.decode(Spans.self, forKey: key)
            for day in days {
                guard self.hours.updateValue(spans.minutes, forKey: day) == nil else {
                    throw ConfigurationProblem("day-twice", key: key.stringValue, "\(day.rawValue) is named twice")
                }
            }
        }
        guard !self.hours.isEmpty else {
            let hint = "write {mon-fri: '08:00-18:00'}, or leave it out"
            throw ConfigurationProblem("no-hours", key: "", "no day is open", hint: hint)
        }
    }

    /// Whether the desk is open.
    public func contains(_ time: TimeOfDay, on day: Weekday) -> Bool {
        self.hours[day]?.contains { $0.contains(time.minutes) } ?? false
    }

    /// The days of `mon` or `mon-fri`; a span may go over Sunday.
    private static func days(_ text: String) -> [Weekday]? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Weekday(rawValue: String($0)) }
        switch ends.count {
        case 1: return ends[0].map { [$0] }
        case 2:
            guard let first = ends[0].flatMap(Weekday.allCases.firstIndex(of:)),
                let last = ends[1].flatMap(Weekday.allCases.firstIndex(of:))
            else { return nil }
            let count = (last - first + 7) % 7 + 1
            return (0..<count).map { Weekday.allCases[(first + $0) % 7] }
        default: return nil
        }
    }

    /// One span of time, or a list of them.
    private struct Spans: Decodable {
        let minutes: [Range<Int>]

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self.minutes = [try Self.minutes(text)]
            } else {
                self.minutes = try [String](from: decoder).map(Self.minutes)
            }
        }

        /// `08:00-18:00`; the end may be `24:00`.
        private static func minutes(_ text: String) throws -> Range<Int> {
            let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            let last = ends.count == 2 ? (ends[1] == "24:00" ? 1_440 : TimeOfDay(ends[1])?.minutes) : nil
            guard let first = ends.first.flatMap({ TimeOfDay($0) })?.minutes, let last else {
                let problem = "\"\(text)\" is no span of time"
                throw ConfigurationProblem("bad-hours", key: "", problem, hint: "write '08:00-18:00'")
            }
            guard first < last else {
                let hint = "to be open past midnight, write two days: 'HH:MM-24:00' and '00:00-HH:MM'"
                throw ConfigurationProblem("bad-hours", key: "", "\"\(text)\" ends before it begins", hint: hint)
            }
            return first..<last
        }
    }

    private struct DayKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
