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
    targets: [
        .target(name: "Messages", swiftSettings: settings),
        .target(
            name: "FrameParsing",
            dependencies: ["Messages"],
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]
        ),
        .executableTarget(name: "FuzzFrames", dependencies: ["Messages", "FrameParsing"], swiftSettings: settings),
        .executableTarget(name: "FuzzEnvelope", dependencies: ["Messages"], swiftSettings: settings),
    ]
)
