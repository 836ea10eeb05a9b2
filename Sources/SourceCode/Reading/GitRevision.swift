/// The commit that a root is at, as `.git` says it (gitrepository-layout(5)).
enum GitRevision {
    private static let maximumBytes: Int64 = 4_194_304

    /// - Returns: The commit's name in hexadecimal; nothing where the root is no work tree.
    static func current(of root: RootFolder) -> String? {
        guard let head = self.text(".git/HEAD", root) else { return nil }
        guard head.hasPrefix("ref: ") else { return self.commit(head) }
        let reference = head.dropFirst("ref: ".count)
        guard reference.hasPrefix("refs/") else { return nil }
        if let loose = self.text(".git/\(reference)", root) { return self.commit(loose) }
        let packed = self.text(".git/packed-refs", root)?.split(separator: "\n") ?? []
        return packed.first { $0.hasSuffix(" \(reference)") }.flatMap { self.commit($0.prefix { $0 != " " }) }
    }

    private static func text(_ path: String, _ root: RootFolder) -> String? {
        guard let bytes = root.bytes(of: path, limit: self.maximumBytes) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    private static func commit(_ text: some StringProtocol) -> String? {
        let isName =
            [40, 64].contains(text.utf8.count)
            && text.utf8.allSatisfy {
                $0.isDigit || 0x61...0x66 ~= $0
            }
        return isName ? String(text) : nil
    }
}
