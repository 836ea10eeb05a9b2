internal import Tracker

/// One question to a search engine.
struct SearchCall: Sendable {
    /// Behind the engine's address; what it is made of is percent-encoded.
    var path = ""
    var query: [(String, String)] = []
    /// POST with it, GET without.
    var body: JSONValue?
}

/// What a search engine has found, as it says it.
struct SearchHit: Hashable, Sendable {
    /// HTML or text, both.
    var title: String
    var text: String
    var url: String
}

/// How the API of one kind of search engine is spoken to.
protocol SearchDialect: Sendable {
    /// Headers of every request; those with secrets too.
    var headers: [(String, String)] { get }

    /// - Parameters:
    ///   - words: Letters and digits alone.
    ///   - limit: How many hits are wanted.
    /// - Returns: The question.
    func call(_ words: [String], limit: Int) -> SearchCall

    /// What was found, the best first; nothing where the answer isn't one.
    func hits(_ answer: TrackerDocument) -> [SearchHit]?

    /// Whether the engine says that it didn't look everywhere.
    func isPartial(_ answer: TrackerDocument) -> Bool

    /// What a body says that means no, whatever the status is.
    func failure(_ answer: TrackerDocument) -> (code: String, kind: TrackerError.Kind)?
}

extension SearchDialect {
    func isPartial(_ answer: TrackerDocument) -> Bool { false }
    func failure(_ answer: TrackerDocument) -> (code: String, kind: TrackerError.Kind)? { nil }
}
