import Plugins
import Responders
import Server

/// `claude-chat` with one plugin more: all its commands, under another name.
@main
struct AcmeChat {
    static func main() async throws {
        var registry = try PluginRegistry.builtin()
        try registry.register(OrderStatus.self)
        await ClaudeChatCommand.main(registry: registry)
    }
}
