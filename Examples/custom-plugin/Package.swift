// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "acme-chat",
    platforms: [.macOS(.v15)],
    dependencies: [
        // A server of your own names the repository and a version here:
        // .package(url: "https://git.example.com/claude-chat.git", from: "0.1.0")
        .package(name: "claude-chat", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "acme-chat",
            dependencies: [.product(name: "ClaudeChat", package: "claude-chat")]
        ),
        .testTarget(
            name: "AcmeChatTests",
            dependencies: ["acme-chat", .product(name: "RespondersTesting", package: "claude-chat")]
        ),
    ]
)
