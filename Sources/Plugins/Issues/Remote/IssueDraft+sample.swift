internal import Tracker

extension IssueDraft {
    /// A report for people who look at what would be sent.
    static func sample() throws(TrackerError) -> IssueDraft {
        try IssueDraft(
            title: "The checkout is broken",
            body: IssueText.quoted("The checkout is broken, error 502."),
            kind: "bug",
            labels: ["chat"],
            page: "/shop/cart"
        )
    }
}
