internal import Indexing

/// What was read of a file that may have changed.
struct FileContents {
    let path: String
    let size: Int64
    /// When it was last changed; 0 where that says nothing, so that it is read again next time.
    let mark: Int64
    let digest: Int64
    /// Nothing where the content is as it was.
    let pages: [DocumentPage]?
    /// Why nothing could be read.
    let problem: String?

    /// The mark that a file has in the index.
    static func mark(of file: SourceScan.File, _ source: DocumentSource, _ scan: SourceScan, settled: Int64) -> Int64 {
        guard file.stamp.changed < settled else { return 0 }
        // What is taken of Sphinx's index depends on which pages are there beside it.
        guard source.kind == .sphinx, file.path == "searchindex.js" else { return file.stamp.changed }
        return file.stamp.changed ^ Int64(bitPattern: scan.digest)
    }

    /// Reads a file.
    ///
    /// What has the digest of the content that is known has no pages.
    init?(of file: SourceScan.File, _ source: DocumentSource, _ scan: SourceScan, mark: Int64, unless digest: Int64?) {
        self.path = file.path
        self.size = file.stamp.size
        let limit = source.kind == .folder ? SourceScan.maximumBytes.document : SourceScan.maximumBytes.index
        let found: [UInt8]?
        do throws(UnreadableFile) { found = try file.stamp.bytes(at: file.realPath, limit: limit) } catch {
            // Nothing tells when that is over.
            (self.pages, self.problem, self.digest) = ([], "can't be read", 0)
            self.mark = 0
            return
        }
        self.mark = mark
        // It has changed since it was looked at, and is looked at again.
        guard let bytes = found else { return nil }
        var value = Digest.of(bytes)
        if source.kind == .sphinx, file.path == "searchindex.js" { value ^= scan.digest }
        self.digest = Int64(bitPattern: value)
        guard self.digest != digest else {
            (self.pages, self.problem) = (nil, nil)
            return
        }
        do throws(ReadingProblem) {
            self.pages = try Self.pages(bytes, of: file.path, source, scan)
            self.problem = nil
        } catch {
            (self.pages, self.problem) = ([], "\(error)")
        }
    }

    private static func pages(
        _ content: [UInt8],
        of path: String,
        _ source: DocumentSource,
        _ scan: SourceScan
    ) throws(ReadingProblem) -> [DocumentPage] {
        // The mark that some editors put before UTF-8 is no part of the text.
        let bytes = content.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(content.dropFirst(3)) : content
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ReadingProblem("is not UTF-8") }
        switch source.kind {
        case .searchIndex: return try SearchIndexReader.pages(bytes)
        case .sphinx where path == "searchindex.js":
            return try SphinxIndexReader.pages(text) { scan.hasHTML($0) }
        default: return DocumentFormat(path).map { [$0.page(text)] } ?? []
        }
    }
}
