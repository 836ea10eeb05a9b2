extension Pattern {
    /// How a pattern is read and matched.
    public struct Options: OptionSet, Hashable, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Upper and lower case are equal, in all scripts.
        public static let caseless = Options(rawValue: 1 << 0)
        /// `\w`, `\d`, `\b` and the like know all letters and digits of Unicode.
        public static let ucp = Options(rawValue: 1 << 1)
        /// White space and `# comments` in the pattern are ignored.
        public static let extended = Options(rawValue: 1 << 2)
        /// `.` also matches a line break.
        public static let dotAll = Options(rawValue: 1 << 3)
        /// `^` and `$` also match at line breaks.
        public static let multiline = Options(rawValue: 1 << 4)
    }

    /// How a pattern is run.
    struct Build: OptionSet, Sendable {
        let rawValue: Int

        /// A clock is read while a search runs and ends it after ``Scanner/guardedSearchLimit``.
        ///
        /// Costs about four times as much as an ordinary search.
        static let guarded = Build(rawValue: 1 << 0)
        /// Never translated to machine code, as on a system that refuses that.
        static let interpreted = Build(rawValue: 1 << 1)
    }
}
