import Plugins
import Responders
import Server

await ClaudeChatCommand.main(registry: try PluginRegistry.builtin())
