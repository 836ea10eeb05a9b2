package import Responders

/// The value of a header as it is written: a text, or a secret and what stands around it.
package enum HeaderValue: Sendable, Decodable {
    case text(String)
    /// `{env: NAME, format: 'Bearer {}'}`; `{}` in the format is the secret.
    case secret(SecretReference, format: String?)

    private enum Key: String, CodingKey { case env, file, format }

    package init(from decoder: any Decoder) throws {
        guard let fields = try? decoder.container(keyedBy: Key.self) else {
            self = .text(try decoder.singleValueContainer().decode(String.self))
            return
        }
        let env = try fields.decodeIfPresent(String.self, forKey: .env)
        let file = try fields.decodeIfPresent(String.self, forKey: .file)
        let format = try fields.decodeIfPresent(String.self, forKey: .format)
        switch (env, file) {
        case (let env?, nil): self = .secret(.environment(env), format: format)
        case (nil, let file?): self = .secret(.file(file), format: format)
        default:
            throw ConfigurationProblem("wrong-type", key: "", "expected a text, {env: NAME} or {file: PATH}")
        }
    }
}

/// Headers of a configuration, their secrets read.
struct TrackerHeaders: Sendable {
    private struct Entry: Sendable {
        let name: String
        let value: TemplateText
        /// The same without the secret.
        let shown: String?
    }

    private let entries: [Entry]

    /// - Parameters:
    ///   - written: Names and values.
    ///   - known: The names that values may have placeholders for.
    ///   - key: The key that they stand under, for the problem.
    ///   - services: Where secrets come from.
    /// - Throws: `bad-header`, or what is wrong with a secret or a placeholder.
    init(
        _ written: [String: HeaderValue],
        known: Set<String>,
        key: String,
        _ services: PluginServices
    ) throws(ConfigurationProblem) {
        var entries: [Entry] = []
        for (name, value) in written.sorted(by: { $0.key < $1.key }) {
            let place = "\(key).\(name)"
            let (text, shown): (String, String?)
            switch value {
            case .text(let written): (text, shown) = (written, nil)
            case .secret(let reference, let format):
                let format = format ?? "{}"
                guard format.contains("{}") else {
                    let hint = "write {} where the secret belongs: 'Bearer {}'"
                    throw ConfigurationProblem("bad-template", key: place, "the format has no {}", hint: hint)
                }
                // A secret with braces has no placeholder in it.
                let secret = try services.secret(reference, key: place)
                    .replacing("{", with: "{{").replacing("}", with: "}}")
                (text, shown) = (format.replacing("{}", with: secret), format.replacing("{}", with: "***"))
            }
            do {
                _ = try checked(headers: [name: text], reserved: Self.reserved)
            } catch {
                throw ConfigurationProblem(error.code, key: place, error.problem, hint: error.hint)
            }
            entries.append(Entry(name: name, value: try TemplateText(text, known: known, key: place), shown: shown))
        }
        self.entries = entries
    }

    private static let reserved: Set<String> = [
        "connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent",
    ]

    /// Names and values; where people see them (`isShown`), secrets are `***`.
    func filled(_ values: [String: String], isShown: Bool = false) -> [(String, String)] {
        self.entries.map { ($0.name, isShown ? $0.shown ?? $0.value.filled(values) : $0.value.filled(values)) }
    }
}
