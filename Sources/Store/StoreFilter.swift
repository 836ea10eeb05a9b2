internal import GRDB
public import Messages

/// Which messages are meant; all of them where nothing is said.
public struct StoreFilter: Hashable, Sendable {
    public var site: SiteID?
    public var session: SessionID?
    /// The beginning of the page that a message was written on.
    public var page: String?
    /// Messages that this rule answered.
    public var rule: String?
    /// Messages whose turn ended so.
    public var outcome: String?
    /// The first moment.
    public var from: Timestamp?
    /// The moment after the last one.
    public var until: Timestamp?

    public init(
        site: SiteID? = nil,
        session: SessionID? = nil,
        page: String? = nil,
        rule: String? = nil,
        outcome: String? = nil,
        from: Timestamp? = nil,
        until: Timestamp? = nil
    ) {
        self.site = site
        self.session = session
        self.page = page
        self.rule = rule
        self.outcome = outcome
        self.from = from
        self.until = until
    }

    /// Conditions on `message`, `room` and `turn`, joined, with their arguments.
    ///
    /// The page isn't among them, since it is inside of the record.
    func conditions() -> (sql: String, arguments: StatementArguments) {
        var sql = ["TRUE"]
        var arguments = StatementArguments()
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            sql.append(condition)
            arguments += [value]
        }
        add("room.site = ?", self.site?.rawValue)
        add("room.session = ?", self.session?.rawValue)
        add("turn.rule = ?", self.rule)
        add("turn.outcome = ?", self.outcome)
        add("message.time >= ?", self.from?.milliseconds)
        add("message.time < ?", self.until?.milliseconds)
        return (sql.joined(separator: " AND "), arguments)
    }

    func includes(page: String) -> Bool { self.page.map { page.utf8.starts(with: $0.utf8) } ?? true }
}
