public import Messages

/// Changes what visitors write before anybody sees it or anything keeps it.
public protocol TextFilter: Sendable {
    /// Whether texts of a site may be changed at all: most sites change none, and nothing is read then.
    func changesTexts(of site: SiteID) -> Bool

    /// Changes one text: a message, a page, a text of a message's context.
    ///
    /// Called on the thread that brought the message, so it must not wait. The same text gives the same again: a message
    /// that is sent twice is known by it.
    ///
    /// - Parameters:
    ///   - text: As it was written.
    ///   - site: Where.
    /// - Returns: What is taken instead.
    /// - Throws: Why the message isn't taken.
    func filtered(_ text: String, of site: SiteID) throws(ClientError) -> String
}

extension HubContext {
    /// The message and its page as they are taken.
    func filtered(
        _ message: UserMessage,
        _ page: String,
        of site: SiteID
    ) throws(ClientError) -> (message: UserMessage, page: String) {
        guard let filter, filter.changesTexts(of: site) else { return (message, page) }
        var message = message
        do throws(ClientError) {
            message.text = try filter.filtered(message.text, of: site)
            message.context = try message.context.replacingTexts { (text) throws(ClientError) in
                try filter.filtered(text, of: site)
            }
            return (message, try filter.filtered(page, of: site))
        } catch {
            var error = error
            error.id = message.id
            throw error
        }
    }
}
