internal import Crypto
internal import FoundationEssentials
internal import Tracker

/// What a tracker tells of its own accord.
enum TrackerHook {
    /// How an issue stands, or what somebody has said about it.
    enum Event: Hashable, Sendable {
        case state(issue: String, IssueState)
        case comment(issue: String, name: String, text: String)
    }

    /// How a dialect signs.
    enum Signature: Sendable {
        /// A header is `sha256=` and the HMAC-SHA256 of the body in hexadecimal.
        case digest(header: String)
        /// A header is the secret.
        case secret(header: String)

        /// Whether a request is signed with a secret; takes as long for a wrong one.
        func isGood(_ headers: [String: String], _ body: [UInt8], _ secret: String) -> Bool {
            let key = SymmetricKey(data: Array(secret.utf8))
            switch self {
            case .digest(let header):
                guard let written = headers[header], let code = Self.bytes(written) else { return false }
                return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: key)
            case .secret(let header):
                guard let written = headers[header] else { return false }
                // Codes are compared, so that no time tells how much of the secret is right.
                let code = HMAC<SHA256>.authenticationCode(for: Array(secret.utf8), using: key)
                return HMAC<SHA256>.isValidAuthenticationCode(
                    Data(code),
                    authenticating: Array(written.utf8),
                    using: key
                )
            }
        }

        private static func bytes(_ written: String) -> Data? {
            guard written.hasPrefix("sha256=") else { return nil }
            let digits = Array(written.utf8.dropFirst(7))
            guard digits.count == 64 else { return nil }
            var data = Data()
            for index in stride(from: 0, to: 64, by: 2) {
                guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
                data.append(high << 4 | low)
            }
            return data
        }

        private static func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            default: nil
            }
        }
    }
}

/// A dialect whose trackers tell of changes.
protocol HookingDialect: TrackerDialect {
    var signature: TrackerHook.Signature { get }

    /// What is told, as far as it is about issues of the project and nobody's but everybody's.
    func events(_ headers: [String: String], _ told: TrackerDocument) -> [TrackerHook.Event]
}

extension GitHub: HookingDialect {
    var signature: TrackerHook.Signature { .digest(header: "x-hub-signature-256") }

    func events(_ headers: [String: String], _ told: TrackerDocument) -> [TrackerHook.Event] {
        guard told["repository"]?["full_name"]?.text?.lowercased() == self.project.lowercased(),
            let issue = told["issue"], issue["pull_request"] == nil, let id = issue.name("number")
        else { return [] }
        switch headers["x-github-event"] {
        case "issues": return self.state(issue).map { [.state(issue: id, $0)] } ?? []
        case "issue_comment":
            guard told["action"]?.text == "created", let comment = told["comment"], let name = comment.name("id"),
                let text = comment["body"]?.text
            else { return [] }
            // In a public repository anybody may comment; visitors take it for the site's word.
            guard ["OWNER", "MEMBER", "COLLABORATOR"].contains(comment["author_association"]?.text) else { return [] }
            return [.comment(issue: id, name: name, text: text)]
        default: return []
        }
    }
}

extension GitLab: HookingDialect {
    var signature: TrackerHook.Signature { .secret(header: "x-gitlab-token") }

    func events(_ headers: [String: String], _ told: TrackerDocument) -> [TrackerHook.Event] {
        let project = told["project"]
        guard [project?["path_with_namespace"]?.text, project?["id"]?.text].contains(self.project),
            let what = told["object_attributes"]
        else { return [] }
        switch told["object_kind"]?.text {
        case "issue":
            guard let id = what.name("iid"), let state = self.state(what) else { return [] }
            return [.state(issue: id, state)]
        case "note":
            // What the project says to itself, and what GitLab notes of what people do.
            let isOpen = what["internal"] != .flag(true) && what["confidential"] != .flag(true)
            guard isOpen, what["system"] != .flag(true), what["noteable_type"]?.text == "Issue",
                let id = told["issue"]?.name("iid"), let name = what.name("id"), let text = what["note"]?.text
            else { return [] }
            return [.comment(issue: id, name: name, text: text)]
        default: return []
        }
    }
}

extension Jira: HookingDialect {
    var signature: TrackerHook.Signature { .digest(header: "x-hub-signature") }

    func events(_ headers: [String: String], _ told: TrackerDocument) -> [TrackerHook.Event] {
        guard let issue = told["issue"], let id = issue.name("key"), id.hasPrefix("\(self.project)-") else { return [] }
        switch told["webhookEvent"]?.text {
        case "jira:issue_updated": return self.state(issue).map { [.state(issue: id, $0)] } ?? []
        case "comment_created":
            // What only some may read, and what a desk says to itself.
            guard let comment = told["comment"], comment["visibility"] == nil, comment["jsdPublic"] != .flag(false),
                let name = comment.name("id"), let text = comment["body"]?.text
            else { return [] }
            return [.comment(issue: id, name: name, text: text)]
        default: return []
        }
    }
}
