/// Where a secret is.
///
/// A configuration file names it and never holds it.
public enum SecretReference: Sendable, Hashable, Decodable {
    /// `{env: NAME}`: a variable of the server's environment.
    case environment(String)
    /// `{file: PATH}`: the text of a file.
    case file(String)

    /// The keys of its two forms.
    static let keys = ["env", "file"]

    private enum CodingKeys: String, CodingKey { case env, file }

    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: CodingKeys.self) {
            let keys = container.allKeys
            if keys == [.env] {
                self = .environment(try container.decode(String.self, forKey: .env))
            } else if keys == [.file] {
                self = .file(try container.decode(String.self, forKey: .file))
            } else {
                throw ConfigurationProblem("wrong-type", key: "", "expected {env: NAME} or {file: PATH}")
            }
            return
        }
        // What stands there may be the secret itself, so it is not quoted.
        throw ConfigurationProblem("secret-in-file", key: "", "a secret stands in the file", hint: "write {env: NAME}")
    }
}
