internal import GRDB

extension CodeSearch {
    /// More files that may be meant are no help.
    private static let maximumCandidates = 3

    /// The places that frames name, in the order of the frames.
    func places(of frames: [StackFrame]) throws -> [CodePlace] {
        var places: [CodePlace] = []
        for frame in frames where !frame.isForeign {
            let files = try self.files(of: frame)
            for file in files {
                places.append(
                    CodePlace(
                        file: file,
                        line: frame.line,
                        column: frame.column,
                        reason: .frame(frame, isAmbiguous: files.count > 1),
                        excerpt: self.files.text(of: file)?.excerpt(around: frame.line),
                        matches: 1,
                        url: file.url(line: frame.line)
                    )
                )
            }
        }
        return places
    }

    /// The files whose paths end as the frame's does, those with the longest common end.
    private func files(of frame: StackFrame) throws -> [SourceFiles.File] {
        let names = frame.reversedNames
        let statement = try self.db.cachedStatement(
            sql: "SELECT root, path FROM file WHERE name = ? ORDER BY root, path LIMIT 1000"
        )
        let files = try Row.fetchAll(statement, arguments: [names.first ?? ""]).compactMap { row in
            self.files.file(root: row[0], path: row[1])
        }
        let shared = files.map { file in
            let own = file.path.lowercased().split(separator: "/").reversed().map(String.init)
            return zip(own, names).prefix { $0 == $1 }.count
        }
        guard let best = shared.max() else { return [] }
        let meant = zip(files, shared).filter { $0.1 == best }.map(\.0)
        guard meant.count > 1 else { return meant }
        // One that has no such line is another version, or another file.
        let long = meant.filter { self.files.text(of: $0)?.excerpt(around: frame.line, margin: 0) != nil }
        return long.count > Self.maximumCandidates ? [] : long
    }

    /// Adds what the index knows of a place.
    func complete(_ place: inout CodePlace) throws {
        guard place.symbol == nil else { return }
        let row = try Row.fetchOne(
            self.db,
            sql: """
                SELECT symbol.name, symbol.line, symbol.kind, symbol.scope FROM file JOIN symbol ON symbol.file = file.id
                WHERE file.root = ? AND file.path = ? AND symbol.line <= ?
                    AND symbol.kind NOT IN ('variable', 'constant', 'field', 'property', 'enumerator', 'macro', 'local')
                ORDER BY symbol.line DESC LIMIT 1
                """,
            arguments: [self.files.rootPath(of: place.file), place.file.path, place.line]
        )
        place.symbol = row.map { Symbol(name: $0[0], line: $0[1], kind: $0[2], scope: $0[3]) }
    }
}
