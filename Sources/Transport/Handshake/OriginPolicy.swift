public import Messages

/// Which pages may talk to the server, and to which of its sites.
///
/// Judges the `Origin` header (RFC 6454 section 7) byte by byte: whatever a browser would not send itself is refused, so
/// there is nothing to normalize and nothing to be fooled by.
public struct OriginPolicy: Sendable {
    /// How an origin was judged.
    enum Verdict: Hashable, Sendable {
        /// No page at all: a program, or a page of the server's own host that reads.
        case absent
        /// The page may talk to a site at least; answers name this origin.
        case allowed(String)
        case refused
    }

    private enum Rule: Sendable {
        /// Pages of this machine, and programs.
        case loopback
        /// Every page. In development mode alone.
        case any
        case sites([SiteID: [AllowedOrigin]])
    }

    private let rule: Rule
    /// The origin of the server's own pages, as browsers write it.
    private let own: String?

    private init(_ rule: Rule, own: String? = nil) {
        self.rule = rule
        self.own = own
    }

    /// The policy of development mode, in which the server listens on this machine only.
    ///
    /// - Parameter admitsAll: Whether pages of other machines may, too.
    /// - Returns: The policy.
    public static func development(admitsAll: Bool = false) -> OriginPolicy {
        OriginPolicy(admitsAll ? .any : .loopback)
    }

    /// The policy of production: each site has its own list, and an empty one admits nobody.
    ///
    /// - Parameters:
    ///   - sites: For each site the origins of its pages, as ``AllowedOrigin/init(_:)`` takes them; others are left out.
    ///   - publicURL: Where browsers find the server.
    /// - Returns: The policy.
    public static func production(_ sites: [SiteID: [String]], publicURL: String? = nil) -> OriginPolicy {
        let own = publicURL.flatMap { AllowedOrigin($0.hasSuffix("/") ? String($0.dropLast()) : $0)?.text }
        return OriginPolicy(.sites(sites.mapValues { $0.compactMap(AllowedOrigin.init) }), own: own)
    }

    /// Judges the `Origin` headers of a request before its site is known.
    ///
    /// - Parameters:
    ///   - headers: All values of the header.
    ///   - fetchSite: All values of `Sec-Fetch-Site`. A browser sends no `Origin` when a page reads from its own host;
    ///     this header, which no script can set, then says so.
    /// - Returns: The judgement; `allowed` if one site at least admits the origin.
    func judge(_ headers: [String], fetchSite: [String] = []) -> Verdict {
        if headers.isEmpty, fetchSite == ["same-origin"], let own = self.own { return self.judge([own]) }
        guard let origin = headers.first else { return .absent }
        guard headers.count == 1 else { return .refused }
        switch self.rule {
        case .loopback: return isLoopback(origin) ? .allowed(origin) : .refused
        case .any: return origin == "null" ? .refused : .allowed(origin)
        case .sites(let sites):
            return sites.values.contains { $0.contains { $0.matches(origin) } } ? .allowed(origin) : .refused
        }
    }

    /// Whether an origin that ``judge(_:)`` has allowed may talk to one site.
    func admits(_ origin: String, to site: SiteID) -> Bool {
        guard case .sites(let sites) = self.rule else { return true }
        return sites[site]?.contains { $0.matches(origin) } ?? false
    }
}

/// One entry of a site's list: `https://shop.example.com`, or `https://*.example.com` for all names below one.
public struct AllowedOrigin: Hashable, Sendable {
    /// `https://` or `http://`.
    private let scheme: String
    /// What follows, without `*`.
    private let rest: String
    private let isWildcard: Bool

    /// As browsers write it; nothing where many are meant.
    var text: String? { self.isWildcard ? nil : self.scheme + self.rest }

    /// Reads an entry and puts it into the form that browsers send: lower case, without the scheme's own port.
    ///
    /// Nothing if it is not an origin. Names outside ASCII have to be written as browsers send them (`xn--…`).
    public init?(_ text: String) {
        let lowered = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lowered.hasPrefix) else { return nil }
        var authority = String(lowered.dropFirst(scheme.count))
        let ownPort = scheme == "https://" ? ":443" : ":80"
        if authority.hasSuffix(ownPort), !authority.hasPrefix("[") || authority.contains("]:") {
            authority.removeLast(ownPort.utf8.count)
        }
        self.isWildcard = authority.hasPrefix("*.")
        let host = self.isWildcard ? authority.dropFirst(2) : authority[...]
        guard isAuthority(host), !self.isWildcard || host.contains(".") else { return nil }
        self.scheme = scheme
        self.rest = self.isWildcard ? "." + host : String(host)
    }

    /// Whether a page of this origin is meant: byte by byte, since Unicode knows texts that are equal and not the same.
    func matches(_ origin: String) -> Bool {
        let bytes = origin.utf8
        guard bytes.starts(with: self.scheme.utf8) else { return false }
        let authority = origin[bytes.index(bytes.startIndex, offsetBy: self.scheme.utf8.count)...]
        guard self.isWildcard else { return authority.utf8.elementsEqual(self.rest.utf8) }
        guard authority.utf8.reversed().starts(with: self.rest.utf8.reversed()) else { return false }
        let below = authority[..<authority.utf8.index(authority.utf8.endIndex, offsetBy: -self.rest.utf8.count)]
        return isHostName(below)
    }
}

/// Whether a text is `host` or `host:port` as a browser writes it, `[::1]` among them.
private func isAuthority(_ text: Substring) -> Bool {
    var host = text
    if text.hasPrefix("[") {
        guard let end = text.firstIndex(of: "]") else { return false }
        let inside = text[text.index(after: text.startIndex)..<end]
        let rest = text[text.index(after: end)...]
        let isAddress = inside.contains(":") && inside.utf8.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") }
        return isAddress && (rest.isEmpty || rest.hasPrefix(":") && isPort(rest.dropFirst()))
    }
    if let colon = text.firstIndex(of: ":") {
        guard isPort(text[text.index(after: colon)...]) else { return false }
        host = text[..<colon]
    }
    return isHostName(host)
}

/// Whether a text is labels of `a-z 0-9 - _`, joined by single dots.
private func isHostName(_ text: Substring) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
        !label.isEmpty && label.count <= 63
            && label.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
    }
}

private func isPort(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 5 && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        && UInt16(text) != nil
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
}

/// Whether an origin is `http` or `https` of this machine.
private func isLoopback(_ origin: String) -> Bool {
    guard let scheme = ["http://", "https://"].first(where: origin.hasPrefix) else { return false }
    let authority = origin.dropFirst(scheme.count)
    guard isAuthority(authority) else { return false }
    if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
    let host = authority.prefix { $0 != ":" }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return host == "localhost" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
}
