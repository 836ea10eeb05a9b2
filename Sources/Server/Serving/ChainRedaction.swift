internal import Hub
internal import Messages
internal import Responders

/// Has the redactors of a site's chain change what visitors write before the hub takes it: `store: {redact: true}`.
struct ChainRedaction: TextFilter {
    let generations: Generations

    func changesTexts(of site: SiteID) -> Bool { self.generations.current.redacts }

    func filtered(_ text: String, of site: SiteID) throws(ClientError) -> String {
        let generation = self.generations.current
        guard generation.redacts else { return text }
        var text = text
        // Which page a message is of is known only later: what any chain of the site hides is hidden.
        for redactor in generation.desks[site].answeringChains.flatMap(\.redactors) {
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
