// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who builds the server resolves or builds it too. What it measures are links to
// the server's own sources.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        .target(name: "Diagnostics", dependencies: [.product(name: "Yams", package: "Yams")], swiftSettings: settings),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .target(name: "Rules", dependencies: ["CPCRE2", "Diagnostics"], swiftSettings: settings),
        .target(name: "AllocationCount"),
        .executableTarget(name: "RuleTimes", dependencies: ["AllocationCount", "Rules"], swiftSettings: settings),
        .executableTarget(name: "LoadTimes", dependencies: ["Diagnostics", "Rules"], swiftSettings: settings),
        .target(name: "Messages", swiftSettings: settings),
        .target(name: "Responders", dependencies: ["Messages", "Diagnostics"], swiftSettings: settings),
        .executableTarget(
            name: "ChainTimes",
            dependencies: ["AllocationCount", "Messages", "Responders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "TraceTimes",
            dependencies: ["AllocationCount", "Diagnostics", "Responders", "Rules"],
            swiftSettings: settings
        ),
        .target(
            name: "Store",
            dependencies: [
                "Messages", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(name: "StoreTimes", dependencies: ["Messages", "Store"], swiftSettings: settings),
        .target(
            name: "Indexing",
            dependencies: [.product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings
        ),
        .target(name: "Secrets", swiftSettings: settings),
        .target(
            name: "Documents",
            dependencies: ["Indexing", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "DocumentTimes",
            dependencies: ["Documents", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings
        ),
    ]
)
