/// Checks a text of a configuration that visitors are to read.
///
/// - Throws: `empty-text` or `text-too-long`.
package func checkText(_ text: String, key: String) throws(ConfigurationProblem) {
    guard text.contains(where: { !$0.isWhitespace }) else {
        throw ConfigurationProblem(
            "empty-text",
            key: key,
            "the text is empty",
            hint: "write a sentence, or leave it out"
        )
    }
    guard text.utf8.count <= Reply.maximumTextBytes else {
        throw ConfigurationProblem(
            "text-too-long",
            key: key,
            "the text has \(text.utf8.count) bytes; 16384 is the most"
        )
    }
}
