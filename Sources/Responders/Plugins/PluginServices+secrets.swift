internal import FoundationEssentials

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension PluginServices {
    /// The text of a secret, without the white space around it.
    ///
    /// - Parameters:
    ///   - reference: Where it is.
    ///   - key: The key that names it, for the problem.
    /// - Returns: The secret.
    /// - Throws: `missing-secret` or `empty-secret`; or `no-file`, or `key-readable` for a file that others than its owner
    ///   may read.
    public func secret(_ reference: SecretReference, key: String) throws(ConfigurationProblem) -> String {
        let text: String
        switch reference {
        case .environment(let name):
            guard let value = self.environment[name], !value.isEmpty else {
                let hint = "set it before the server starts"
                throw ConfigurationProblem("missing-secret", key: key, "the environment has no \(name)", hint: hint)
            }
            text = value
        case .file(let path):
            try self.check(secretFile: self.path(of: path), key: key)
            text = try self.text(ofFile: path, key: key)
        }
        let secret = text.trimmed
        guard !secret.isEmpty else { throw ConfigurationProblem("empty-secret", key: key, "the secret is empty") }
        return secret
    }

    private func check(secretFile path: String, key: String) throws(ConfigurationProblem) {
        var status = stat()
        // A file that isn't there is the next step's finding.
        guard stat(path, &status) == 0 else { return }
        let mode = Int(status.st_mode) & 0o777
        guard mode & 0o077 != 0 else { return }
        let problem = "\"\(path)\" can be read by others: its mode is \(String(mode, radix: 8))"
        throw ConfigurationProblem("key-readable", key: key, problem, hint: "chmod 600 \(path)")
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = self.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
