extension RuleContext {
    /// Values of the site that were written as `NAME=TEXT`, `plan=pro`.
    ///
    /// - Parameter arguments: One for each value; of two with the same name the last one counts. The text may be empty
    ///   and may hold `=`.
    /// - Returns: The texts by their names, as ``vars`` takes them.
    /// - Throws: The first one without a name.
    public static func vars(_ arguments: [String]) throws(ArgumentProblem) -> [String: String] {
        var vars: [String: String] = [:]
        for argument in arguments {
            guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
                throw ArgumentProblem(argument: argument)
            }
            vars[String(argument[..<equals])] = String(argument[argument.index(after: equals)...])
        }
        return vars
    }

    /// A value of the site that can't be read.
    public struct ArgumentProblem: Error, Hashable, Sendable, CustomStringConvertible {
        /// As it was written.
        public var argument: String

        /// For people: `"plan" is no value of the site; write a name and a text, plan=pro`.
        public var description: String {
            "\"\(self.argument)\" is no value of the site; write a name and a text, plan=pro"
        }
    }
}
