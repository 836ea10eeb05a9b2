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
        guard let site = SiteID(row[0] as String), let session = SessionID(row[1] as String),
            let speaker = Message.Speaker(rawValue: row[5])
        else { throw RecordCodec.Damaged() }
        let epoch: String = row[2]
        let seq: Int = row[3]
        let place = RecordPlace.message(site: site.rawValue, session: session.rawValue, epoch: epoch, seq: seq)
        do {
            let content = try MessageContent(self.codec.open([UInt8](row[7] as Data), at: place))
            let message = StoredMessage(
                site: site,
                session: session,
                epoch: epoch,
                seq: seq,
                id: row[4],
                speaker: speaker,
                time: Timestamp(milliseconds: row[6]),
                page: content.page,
                frame: content.frame
            )
            return .whole(message)
        } catch is RecordCodec.Damaged {
            self.noteDamage(StoredPosition(site: site, session: session, seq: seq))
            return .damaged(seq: seq)
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
