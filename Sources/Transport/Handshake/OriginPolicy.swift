/// Which pages may talk to the server.
struct OriginPolicy: Sendable {
    /// How an origin was judged.
    enum Verdict: Hashable, Sendable {
        /// No page at all: a program.
        case absent
        /// The page may; answers name this origin.
        case allowed(String)
        case refused
    }

    /// Judges the `Origin` headers of a request (RFC 6454 section 7).
    ///
    /// Pages of this machine may, and so may programs, which send none: the policy of development mode, in which the
    /// server listens on this machine only.
    ///
    /// - Parameter headers: All values of the header.
    /// - Returns: The judgement.
    func judge(_ headers: [String]) -> Verdict {
        guard let origin = headers.first else { return .absent }
        guard headers.count == 1, let host = Self.host(of: origin), Self.isLoopback(host) else { return .refused }
        return .allowed(origin)
    }

    /// The host of `http://host[:port]` or `https://host[:port]`, if that is all that is written.
    private static func host(of origin: String) -> String? {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            let authority = origin.dropFirst(scheme.count)
            let (host, port): (Substring, Substring?)
            if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
                host = authority[...end]
                let rest = authority[authority.index(after: end)...]
                guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
                port = rest.isEmpty ? nil : rest.dropFirst()
            } else {
                let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                host = parts.first ?? ""
                port = parts.count > 1 ? parts[1] : nil
            }
            if let port { guard !port.isEmpty, port.utf8.count <= 5, UInt16(port) != nil else { return nil } }
            return String(host)
        }
        return nil
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && UInt8(part) != nil
            }
    }
}
