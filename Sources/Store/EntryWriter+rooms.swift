internal import GRDB
internal import Messages

extension EntryWriter {
    /// Finds or makes the row of a room.
    mutating func room(_ site: SiteID, _ session: SessionID, part epoch: String?) throws -> RoomCache.Row {
        let name = RoomName(site: site, session: session)
        if let row = self.rooms[name] { return row }
        var find = try self.prepared("SELECT id, last_seq, part, changed FROM room WHERE site = ? AND session = ?")
        find.bind(site.rawValue)
        find.bind(session.rawValue)
        let found = try find.first { row in
            RoomCache.Row(
                id: row.number(0),
                lastSeq: Int(row.number(1)),
                part: row.text(2),
                changed: row.number(3)
            )
        }
        if let found {
            self.rooms[name] = found
            return found
        }
        let part = epoch.map(roomPart) ?? StoreRun.new()
        var insert = try self.prepared("INSERT INTO room (site, session, part, changed) VALUES (?, ?, ?, ?)")
        insert.bind(site.rawValue)
        insert.bind(session.rawValue)
        insert.bind(part)
        insert.bind(self.now.milliseconds)
        try insert.execute()
        let row = RoomCache.Row(
            id: self.db.lastInsertedRowID,
            lastSeq: 0,
            part: part,
            changed: self.now.milliseconds
        )
        self.rooms[name] = row
        return row
    }

    mutating func note(visitor: String, of room: Int64) {
        self.change(room) { $0.visitor = visitor }
    }

    /// Writes what has changed in rooms; to be called before the transaction ends.
    mutating func finish() throws {
        for (room, change) in self.changes { try self.write(change, of: room) }
        self.changes = [:]
    }

    private mutating func write(_ change: RoomCache.Change, of room: Int64) throws {
        try self.update(change, of: room)
        // Whoever writes to a row that isn't there would write into another conversation later on.
        guard self.db.changesCount == 1 else {
            throw StoreError(.unexpected, self.place, "the row of a session is gone; what waits is written again")
        }
    }

    private mutating func update(_ change: RoomCache.Change, of room: Int64) throws {
        if change.isMoreThanNumber {
            var update = try self.prepared(
                """
                UPDATE room SET last_seq = max(last_seq, ?), changed = coalesce(?, changed), part = coalesce(?, part),
                visitor = coalesce(?, visitor) WHERE id = ?
                """
            )
            update.bind(change.lastSeq)
            update.bind(change.changed)
            update.bind(change.part)
            update.bind(change.visitor)
            update.bind(room)
            try update.execute()
        } else if change.lastSeq > 0 {
            // No index has to be touched for it.
            var update = try self.prepared("UPDATE room SET last_seq = max(last_seq, ?) WHERE id = ?")
            update.bind(change.lastSeq)
            update.bind(room)
            try update.execute()
        }
        guard let state = change.state else { return }
        var update = try self.prepared("UPDATE room SET state = ?, attended = ?, changed = ? WHERE id = ?")
        update.bind(state.record)
        update.bind(state.isAttended ? 1 : 0)
        update.bind(self.now.milliseconds)
        update.bind(room)
        try update.execute()
    }

    mutating func note(_ room: RoomCache.Row, of message: MessageEntry) {
        var row = room
        row.lastSeq = max(row.lastSeq, message.seq)
        row.part = roomPart(of: message.epoch)
        let now = self.now.milliseconds
        if !(0..<RoomCache.changeMilliseconds ~= now - row.changed) { row.changed = now }
        self.change(row.id) { change in
            change.lastSeq = row.lastSeq
            if row.part != room.part { change.part = row.part }
            if row.changed != room.changed { change.changed = row.changed }
            if let visitor = message.visitor { change.visitor = visitor }
        }
        self.rooms[RoomName(site: message.site, session: message.session)] = row
    }

    mutating func change(_ room: Int64, _ body: (inout RoomCache.Change) -> Void) {
        body(&self.changes[room, default: RoomCache.Change()])
    }
}

/// What of an epoch stays the same for as long as the room does.
func roomPart(of epoch: String) -> String {
    epoch.utf8.firstIndex(of: UInt8(ascii: ".")).map { String(epoch[..<$0]) } ?? epoch
}
