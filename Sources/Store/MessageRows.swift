internal import FoundationEssentials
internal import GRDB
internal import Messages
internal import Synchronization

/// Reads rows of messages.
struct MessageRows: Sendable {
    let codec: RecordCodec
    /// Learns of records that are damaged.
    let noteDamage: @Sendable (StoredPosition) -> Void

    /// The columns that ``message(_:)`` reads, of `message` joined to `room`.
    static let columns = """
        room.site, room.session, message.epoch, message.seq, message.name, message.speaker, message.time, message.record
        """

    /// A row that is whole, or the number of one that isn't.
    enum Outcome {
        case whole(StoredMessage)
        case damaged(seq: Int)
    }

    func message(_ row: Row) throws -> Outcome {
        try self.message(
            Columns(
                site: row[0],
                session: row[1],
                epoch: row[2],
                seq: row[3],
                name: row[4],
                speaker: row[5],
                time: row[6],
                record: [UInt8](row[7] as Data)
            )
        )
    }

    func message(_ row: DirectRow) throws -> Outcome {
        try self.message(
            Columns(
                site: row.text(0),
                session: row.text(1),
                epoch: row.text(2),
                seq: Int(row.number(3)),
                name: row.text(4),
                speaker: row.text(5),
                time: row.number(6),
                record: row.bytes(7)
            )
        )
    }

    private struct Columns {
        let site: String
        let session: String
        let epoch: String
        let seq: Int
        let name: String
        let speaker: String
        let time: Int64
        let record: [UInt8]
    }

    private func message(_ row: Columns) throws -> Outcome {
        guard let site = SiteID(row.site), let session = SessionID(row.session),
            let speaker = Message.Speaker(rawValue: row.speaker)
        else { throw RecordCodec.Damaged() }
        let place = RecordPlace.message(site: row.site, session: row.session, epoch: row.epoch, seq: row.seq)
        do {
            let content = try MessageContent(self.codec.open(row.record, at: place))
            let message = StoredMessage(
                site: site,
                session: session,
                epoch: row.epoch,
                seq: row.seq,
                id: row.name,
                speaker: speaker,
                time: Timestamp(milliseconds: row.time),
                page: content.page,
                frame: content.frame
            )
            return .whole(message)
        } catch is RecordCodec.Damaged {
            self.noteDamage(StoredPosition(site: site, session: session, seq: row.seq))
            return .damaged(seq: row.seq)
        }
    }
}

extension MessageStore {
    var rows: MessageRows {
        MessageRows(codec: self.codec) { [weak self] position in
            guard let self else { return }
            self.status.withLock { $0.health.damagedRecords += 1 }
            self.observer(.damaged(position))
        }
    }
}
