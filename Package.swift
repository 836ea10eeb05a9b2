// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A product of SwiftNIO.
func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }

/// A product of SwiftNIO's extras.
func nioExtras(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio-extras") }

/// A target of this package, with the settings that all of them share.
func part(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// The tests of one part.
func tests(of name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "claude-chat",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "claude-chat", targets: ["claude-chat"]),
        .library(name: "ClaudeChat", targets: ["Server", "Plugins", "Responders", "Messages"]),
        .library(name: "RespondersTesting", targets: ["RespondersTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.2"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.9.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0", traits: []),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2", traits: []),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
    ],
    targets: [
        part("Diagnostics", [yams]),
        part("Messages"),
        part("Observability", [coreMetrics]),
        part("Hub", ["Messages"]),
        part("Access", ["Messages", jwtKit, crypto]),
        part(
            "Transport",
            [
                "Messages", "Observability", "Hub", "Access", hummingbird, hummingbirdCore, hummingbirdTLS, logging,
                serviceLifecycle,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOConcurrencyHelpers"),
                nioExtras("NIOHTTPTypes"), nioExtras("NIOHTTPTypesHTTP1"),
                crypto,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            resources: [.embedInCode("Widget")]
        ),
        part("Responders", ["Messages", "Diagnostics"]),
        part("RespondersTesting", ["Messages", "Diagnostics", "Responders"]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        part("Rules", ["CPCRE2", "Diagnostics"]),
        .target(name: "CProcessLimits"),
        part("Indexing", [grdb]),
        part("Secrets"),
        part("Documents", ["Indexing", grdb]),
        part("SourceCode", ["Indexing", "Secrets", grdb]),
        part(
            "Plugins",
            [
                "CProcessLimits", "Messages", "Diagnostics", "Responders", "Rules", "Tracker", "Indexing", "Secrets",
                "Documents", "SourceCode", asyncHTTPClient,
                subprocess,
                systemPackage, crypto,
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
            ]
        ),
        part("ClaudeStub", ["Plugins", "Responders", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1")]),
        part("Store", ["Messages", grdb, grdbSQLite, crypto]),
        part("Tracker", ["Messages", "Store", grdb]),
        part(
            "Server",
            [
                "Messages", "Diagnostics", "Observability", "Hub", "Access", "Transport", "Responders", "Rules",
                "Plugins", "ClaudeStub", "Store", "Tracker", "Indexing", "Documents", "SourceCode", crypto, coreMetrics,
                argumentParser, logging, serviceLifecycle, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        .executableTarget(
            name: "claude-chat",
            dependencies: ["Server", "Plugins", "Responders"],
            swiftSettings: settings
        ),

        // The example of a server with a plugin of its own, built here once more so that it doesn't rot.
        .executableTarget(
            name: "acme-chat",
            dependencies: ["Server", "Plugins", "Responders"],
            path: "Examples/custom-plugin/Sources/acme-chat",
            swiftSettings: settings
        ),

        // The examples of Documentation/Plugins.md, which the tests of the plugins talk with.
        .target(
            name: "VerdictExamples",
            dependencies: ["Responders"],
            path: "Examples/verdicts",
            exclude: ["verdicts.py"],
            swiftSettings: settings
        ),

        tests(of: "Messages", ["Messages"]),
        tests(of: "Observability", ["Observability", coreMetrics]),
        tests(of: "Hub", ["Messages", "Hub"]),
        tests(of: "Access", ["Messages", "Access", jwtKit, crypto]),
        tests(
            of: "Transport",
            [
                "Messages", "Hub", "Access", "Transport", crypto, logging, nio("NIOCore"), nio("NIOEmbedded"),
                nio("NIOHTTP1"),
            ]
        ),
        tests(of: "Rules", ["CPCRE2", "Diagnostics", "Rules"], exclude: ["Broken"]),
        tests(of: "Responders", ["Diagnostics", "Messages", "Responders", "RespondersTesting"]),
        tests(
            of: "Plugins",
            [
                "Diagnostics", "Documents", "Messages", "Responders", "RespondersTesting", "Plugins", "ClaudeStub",
                "Tracker", "VerdictExamples",
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
            ]
        ),
        tests(
            of: "ClaudeStub",
            ["Diagnostics", "Responders", "Plugins", "ClaudeStub", asyncHTTPClient, nio("NIOCore"), nio("NIOHTTP1")]
        ),
        tests(
            of: "Server",
            [
                "Diagnostics", "Messages", "Observability", "Hub", "Access", "Transport", "Responders",
                "RespondersTesting", "Plugins", "ClaudeStub", "Store", "Tracker", "Server", "claude-chat", "acme-chat",
                crypto,
                grdb,
                logging, serviceLifecycle,
                nio("NIOCore"), nio("NIOPosix"), nio("NIOEmbedded"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        .executableTarget(
            name: "StoreCrashWriter",
            dependencies: ["Messages", "Store"],
            path: "Tests/StoreCrashWriter",
            swiftSettings: settings
        ),
        tests(of: "Store", ["Messages", "Store", "StoreCrashWriter", grdb, crypto]),
        .executableTarget(
            name: "TrackerCrashWriter",
            dependencies: ["Messages", "Tracker"],
            path: "Tests/TrackerCrashWriter",
            swiftSettings: settings
        ),
        tests(of: "Tracker", ["Messages", "Store", "Tracker", "TrackerCrashWriter", grdb]),
        .executableTarget(
            name: "DocumentsCrashWriter",
            dependencies: ["Documents"],
            path: "Tests/DocumentsCrashWriter",
            swiftSettings: settings
        ),
        tests(of: "Documents", ["Documents", "DocumentsCrashWriter", grdb]),
        tests(of: "SourceCode", ["SourceCode", "Indexing", grdb]),
        tests(of: "Architecture", []),
    ]
)
