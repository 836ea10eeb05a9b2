// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who builds the server builds it too. Its sources under test are links to the
// server's own files. Build it as script/fuzz does, with libFuzzer.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2")],
    targets: [
        .target(name: "Messages", swiftSettings: settings),
        .target(
            name: "Diagnostics",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: settings
        ),
        .target(name: "Responders", dependencies: ["Messages", "Diagnostics"], swiftSettings: settings),
        .target(
            name: "PluginLines",
            dependencies: ["Messages", "Diagnostics", "Responders"],
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]
        ),
        .target(
            name: "FrameParsing",
            dependencies: ["Messages"],
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]
        ),
        .target(
            name: "EventStreams",
            dependencies: ["Messages"],
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]
        ),
        .target(name: "TrackerAnswers", swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]),
        .target(name: "DocumentReading", swiftSettings: settings),
        .target(name: "Secrets", swiftSettings: settings),
        .target(
            name: "CodeReading",
            dependencies: ["Secrets"],
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]
        ),
        .executableTarget(name: "FuzzCode", dependencies: ["CodeReading"], swiftSettings: settings),
        .executableTarget(name: "FuzzDocuments", dependencies: ["DocumentReading"], swiftSettings: settings),
        .executableTarget(name: "FuzzTracker", dependencies: ["TrackerAnswers"], swiftSettings: settings),
        .executableTarget(name: "FuzzEventStream", dependencies: ["EventStreams"], swiftSettings: settings),
        .executableTarget(name: "FuzzFrames", dependencies: ["Messages", "FrameParsing"], swiftSettings: settings),
        .executableTarget(name: "FuzzEnvelope", dependencies: ["Messages"], swiftSettings: settings),
        .executableTarget(
            name: "FuzzTranscript",
            dependencies: ["Diagnostics", "Responders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "FuzzPluginLines",
            dependencies: ["PluginLines", "Responders"],
            swiftSettings: settings
        ),
    ]
)
