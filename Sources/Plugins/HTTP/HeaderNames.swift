internal import Responders

/// Checks headers of a configuration.
///
/// - Parameters:
///   - headers: Names and values as they are written.
///   - reserved: Those that the plugin writes itself, in lower case.
/// - Returns: Them in the order of their names.
/// - Throws: `bad-header`.
func checked(
    headers: [String: String],
    reserved: Set<String>
) throws(ConfigurationProblem) -> [(String, String)] {
    var checked: [(String, String)] = []
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
        let key = "headers.\(name)"
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenCharacter) else {
            let hint = "write letters, digits and -"
            throw ConfigurationProblem("bad-header", key: key, "\"\(name)\" is no name of a header", hint: hint)
        }
        guard !reserved.contains(name.lowercased()) else {
            throw ConfigurationProblem("bad-header", key: key, "\"\(name)\" is the server's own", hint: "leave it out")
        }
        guard value.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else {
            let problem = "the value has a line break, or is not ASCII"
            throw ConfigurationProblem("bad-header", key: key, problem, hint: "write one line of ASCII")
        }
        checked.append((name, value))
    }
    return checked
}

private func isTokenCharacter(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || "-_.".utf8.contains(byte)
}
