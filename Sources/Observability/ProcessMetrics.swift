#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

extension MetricsRegistry {
    /// Exposes what the kernel knows of this process, read at each scrape: `process_resident_memory_bytes`,
    /// `process_virtual_memory_bytes`, `process_open_fds`, `process_max_fds`, `process_threads`,
    /// `process_cpu_seconds_total` and `process_start_time_seconds`.
    ///
    /// On Linux, from `/proc`; elsewhere, and where that can't be read, the metrics are missing.
    public func collectProcess() {
        #if os(Linux)
            let start = ProcessStart.now()
            self.collect { samples in
                if let status = ProcessStatus.now() { status.write(to: &samples, start: start) }
                ProcessFiles.write(to: &samples)
            }
        #endif
    }
}

/// What a line of `/proc/self/stat` says, in the kernel's units; see proc_pid_stat(5).
struct ProcessStatus: Equatable {
    /// Time on processors, in clock ticks.
    var userTicks: UInt64
    var systemTicks: UInt64
    var threads: UInt64
    /// Since the start of the machine, in clock ticks.
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: UInt64

    /// Reads the line.
    ///
    /// The name of the program stands in parentheses and may hold spaces and parentheses itself.
    init?(line: String) {
        guard let end = line.lastIndex(of: ")") else { return nil }
        // The first of these is field 3.
        let fields = line[line.index(after: end)...].split(whereSeparator: \.isWhitespace)
        func field(_ number: Int) -> UInt64? {
            fields.indices.contains(number - 3) ? UInt64(fields[number - 3]) : nil
        }
        guard let userTicks = field(14), let systemTicks = field(15), let threads = field(20),
            let startTicks = field(22), let virtualBytes = field(23), let residentPages = field(24)
        else { return nil }
        self.userTicks = userTicks
        self.systemTicks = systemTicks
        self.threads = threads
        self.startTicks = startTicks
        self.virtualBytes = virtualBytes
        self.residentPages = residentPages
    }
}

#if os(Linux)
    extension ProcessStatus {
        static func now() -> ProcessStatus? { readFile("/proc/self/stat").flatMap(ProcessStatus.init(line:)) }

        fileprivate static let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        private static let pageBytes = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))

        fileprivate func write(to samples: inout Samples, start: Double?) {
            samples.gauge(
                "process_resident_memory_bytes",
                help: "Memory in RAM.",
                self.residentPages * Self.pageBytes
            )
            samples.gauge("process_virtual_memory_bytes", help: "Memory in address space.", self.virtualBytes)
            samples.gauge("process_threads", help: "Threads of the kernel.", self.threads)
            samples.counter(
                "process_cpu_seconds_total",
                help: "Time on processors, of the program and of the kernel for it.",
                Double(self.userTicks + self.systemTicks) / Self.ticksPerSecond
            )
            guard let start else { return }
            samples.gauge("process_start_time_seconds", help: "When the process began, since 1970.", start)
        }
    }

    /// When this process began.
    private enum ProcessStart {
        /// In seconds since 1970; the moment doesn't change, so once is enough.
        static func now() -> Double? {
            guard let status = ProcessStatus.now(), let machine = readFile("/proc/stat") else { return nil }
            let line = machine.split(separator: "\n").first { $0.hasPrefix("btime ") }
            guard let boot = line?.split(separator: " ").last.flatMap({ Double($0) }) else { return nil }
            return boot + Double(status.startTicks) / ProcessStatus.ticksPerSecond
        }
    }

    /// Open files, sockets among them.
    private enum ProcessFiles {
        static func write(to samples: inout Samples) {
            if let open = self.openCount() {
                samples.gauge("process_open_fds", help: "Open file descriptors.", open)
            }
            var limit = rlimit()
            #if canImport(Glibc)
                let status = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #else
                let status = getrlimit(RLIMIT_NOFILE, &limit)
            #endif
            guard status == 0 else { return }
            samples.gauge("process_max_fds", help: "File descriptors that may be open.", limit.rlim_cur)
        }

        private static func openCount() -> Int? {
            guard let folder = opendir("/proc/self/fd") else { return nil }
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            // `.` and `..`, and the descriptor of the folder itself.
            return max(count - 3, 0)
        }
    }

    /// A file of `/proc`, or nothing; at most 1 MiB of it: `/proc/stat` has a number for each interrupt.
    private func readFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1_048_576 {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
#endif
