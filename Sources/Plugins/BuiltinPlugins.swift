public import Diagnostics
public import Responders

extension PluginRegistry {
    /// Every plugin in this folder, one line each, in alphabetical order; entries' conditions are those of rule files.
    ///
    /// - Throws: `duplicate-plugin` or `broken-sample`, which the tests rule out.
    public static func builtin() throws(Diagnostic) -> PluginRegistry {
        var registry = PluginRegistry()
        try registry.register(AwayNotice.self)
        try registry.register(Claude.self)
        try registry.register(ClaudeStub.self)
        try registry.register(Code.self)
        try registry.register(Docs.self)
        try registry.register(Fallback.self)
        try registry.register(Handoff.self)
        try registry.register(Issues.self)
        try registry.register(Process.self)
        try registry.register(Redact.self)
        try registry.register(Rules.self)
        try registry.register(Webhook.self)
        registry.conditions = .rules
        return registry
    }
}
