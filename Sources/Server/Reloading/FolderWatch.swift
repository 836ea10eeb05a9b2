#if os(Linux)
    internal import FoundationEssentials
    internal import Glibc
    internal import NIOCore
    internal import NIOPosix

    /// Tells that something in some folders has changed, once it has been quiet for a moment (inotify(7)).
    ///
    /// Folders and not files are watched: editors save by putting a new file in the place of the old one.
    final class FolderWatch: Sendable {
        /// How long nothing must change until ``changes`` tells: an editor or a checkout writes more than once.
        static let quietTime = TimeAmount.milliseconds(100)
        /// How long ``changes`` may wait for quiet: something may be written beside the rules all the time.
        static let maximumWait = TimeAmount.milliseconds(500)

        /// An element for each time that something had changed; several that nobody has taken yet are one.
        let changes: AsyncStream<Void>
        private let descriptor: CInt
        private let folders: [String]
        private let channel: any Channel

        /// Starts to watch.
        ///
        /// - Parameters:
        ///   - folders: Paths from the current folder. One that doesn't exist is watched from when it does.
        ///   - group: Where the events are read.
        /// - Throws: What the system says.
        init(_ folders: [String], on group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup) async throws {
            let descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
            guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "inotify_init1") }
            let (changes, announce) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            self.changes = changes
            self.descriptor = descriptor
            self.folders = folders
            self.channel = try await NIOPipeBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(QuietTimer(announce))
                    }
                }
                .takingOwnershipOfDescriptor(input: descriptor).get()
            self.lookForFolders()
        }

        /// Watches folders that have come into being or were replaced since the last look.
        func lookForFolders() {
            for folder in self.folders {
                self.watch(folder, for: IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
                // Tells when the folder itself is made or replaced; the files beside it may be written as they like.
                self.watch(Self.parent(of: folder), for: IN_CREATE | IN_MOVED_TO)
                // A rule file may be a link to a file elsewhere.
                for target in Self.targets(of: folder) {
                    self.watch(Self.parent(of: target), for: IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO)
                }
            }
        }

        /// What the links in a folder lead to.
        private static func targets(of folder: String) -> [String] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.compactMap { name in
                let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
                guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil else { return nil }
                return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            }
        }

        private func watch(_ folder: String, for events: CInt) {
            // A folder may be watched for both reasons.
            _ = inotify_add_watch(self.descriptor, folder, UInt32(bitPattern: events | IN_ONLYDIR | IN_MASK_ADD))
        }

        private static func parent(of folder: String) -> String {
            let path = folder.hasSuffix("/") ? folder.dropLast() : folder[...]
            guard let slash = path.lastIndex(of: "/") else { return "." }
            return slash == path.startIndex ? "/" : String(path[..<slash])
        }

        /// Stops to watch.
        func stop() async { try? await self.channel.close() }
    }

    /// Passes on that bytes have come, when none have come for a while.
    final class QuietTimer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let announce: AsyncStream<Void>.Continuation
        private var timer: Scheduled<Void>?
        /// When the timer ends.
        private var due: NIODeadline?
        /// When it ends at the latest.
        private var end = NIODeadline.distantFuture

        init(_ announce: AsyncStream<Void>.Continuation) { self.announce = announce }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let now = context.eventLoop.now
            if self.due.map({ $0 <= now }) ?? true { self.end = now + FolderWatch.maximumWait }
            let due = min(now + FolderWatch.quietTime, self.end)
            self.due = due
            self.timer?.cancel()
            self.timer = context.eventLoop.scheduleTask(deadline: due) { [announce] in announce.yield() }
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.timer?.cancel()
            self.announce.finish()
        }
    }

    @available(*, unavailable)
    extension QuietTimer: Sendable {}
#endif
