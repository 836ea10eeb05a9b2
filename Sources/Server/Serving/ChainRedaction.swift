internal import Hub
internal import Messages
internal import Responders

/// Has the redactors of a site's chain change what visitors write before the hub takes it: `store: {redact: true}`.
struct ChainRedaction: TextFilter {
    /// Those of the sites that aren't in ``redactors``.
    private let defaultRedactors: [any TextRedactor]
    private let redactors: [SiteID: [any TextRedactor]]

    init(_ desk: SiteDesk, _ desks: [SiteID: SiteDesk]) {
        // Which page a message is of is known only later: what any chain of the site hides is hidden.
        self.defaultRedactors = desk.answeringChains.flatMap(\.redactors)
        self.redactors = desks.mapValues { $0.answeringChains.flatMap(\.redactors) }
    }

    func filtered(_ text: String, of site: SiteID) throws(ClientError) -> String {
        var text = text
        for redactor in self.redactors[site] ?? self.defaultRedactors {
            do throws(Failure) { text = try redactor.redacted(text) } catch {
                // What can't be checked must not be kept, and to take it without a word would lose it.
                throw ClientError(
                    .badRequest,
                    "this text can't be checked for what must not be stored; shorten it",
                    detail: "message"
                )
            }
        }
        return text
    }
}
