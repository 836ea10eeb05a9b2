internal import GRDB

/// Our own names for reports, short enough to be told on the telephone: `R-7K2M`.
enum IssueReference {
    /// A name that nothing in the file has.
    static func free(_ db: Database) throws -> String {
        var generator = SystemRandomNumberGenerator()
        // Without vowels, so that it is no word, and without what looks alike.
        let alphabet = Array("23456789BCDFGHJKMNPQRSTVWXZ")
        let sql = """
            SELECT EXISTS (SELECT 1 FROM issue WHERE reference = ?1) OR EXISTS (SELECT 1 FROM outbox WHERE reference = ?1)
            """
        var length = 4
        while true {
            for _ in 0..<8 {
                let name = "R-" + String((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "2" })
                if try Bool.fetchOne(db, sql: sql, arguments: [name]) == false { return name }
            }
            length += 1
        }
    }
}
