/**
 * One output, one performer. Which is all that is decided here.
 */
import { Effect } from "effect"
import { unreachable } from "../assert.ts"
import type { Output } from "../engine/protocol.ts"
import { makeCommandOutputs } from "./command-outputs.ts"
import { makeJournalOutputs } from "./journal-outputs.ts"
import { makePublishingOutputs } from "./publishing-outputs.ts"
import { makeReignOutputs } from "./reign-outputs.ts"
import type { Shell } from "./shell.ts"
import { makeSnapshotOutputs } from "./snapshot-outputs.ts"
import { type Ended, makeStandingOutputs } from "./standing-outputs.ts"

export interface Performer {
  readonly perform: (output: Output) => void
  /** Loads the newest snapshot: what a partition's life begins with. */
  readonly loadSnapshot: () => void
}

const makeParts = Effect.fnUntraced(function* (shell: Shell, end: (ended: Ended) => void) {
  const reign = yield* makeReignOutputs(shell)
  return {
    journal: yield* makeJournalOutputs(shell),
    commands: yield* makeCommandOutputs(shell),
    publishing: yield* makePublishingOutputs(shell),
    snapshots: yield* makeSnapshotOutputs(shell),
    reign,
    standing: yield* makeStandingOutputs(shell, reign, end),
  }
})

/** `end` is told when the partition is over: it steps down or halts. */
export const makePerformer = Effect.fnUntraced(function* (shell: Shell, end: (ended: Ended) => void) {
  const { journal, commands, publishing, snapshots, reign, standing } = yield* makeParts(shell, end)

  const perform = (output: Output): void => {
    switch (output._tag) {
      case "FollowJournal":
        return journal.followJournal(output.fromSeq)
      case "StopFollowing":
        return journal.stopFollowing()
      case "ReadClaimBasis":
        return journal.readClaimBasis()
      case "ReadRecords":
        return journal.readRecords(output.fromSeq, output.toSeq)
      case "StoreIncarnation":
        return journal.storeIncarnation(output.incarnation)
      case "Append":
        return journal.append(output)
      case "ReadJournalEnd":
        return journal.readJournalEnd(output.seq)
      case "ReadForRepublish":
        return journal.readForRepublish(output.fromSeq, output.toSeq)
      case "StoreWitness":
        return journal.storeWitness(output)
      case "ClearHalt":
        return journal.clearHalt()
      case "ReadCommands":
        return commands.readCommands(output.fromSeq)
      case "PauseReading":
        return commands.pauseReading()
      case "ResumeReading":
        return commands.resumeReading()
      case "ReadCommandAt":
        return commands.readCommandAt(output.seq)
      case "PurgeCommands":
        return commands.purgeCommands(output.beforeSeq)
      case "ReadRawEnd":
        return commands.readRawEnd()
      case "SayBusy":
        return reign.sayBusy(output)
      case "SendReplies":
        return publishing.sendReplies(output.seq, output.replies)
      case "SendFeed":
        return publishing.sendFeed(output.group, output.values)
      case "WatchFeed":
        return publishing.watchFeed(output.sinceMs)
      case "StoreChunk":
        return snapshots.storeChunk(output.snapshot, output.index, output.bytes)
      case "PublishSnapshot":
        return snapshots.publishSnapshot(output.manifest)
      case "DiscardSnapshot":
        return snapshots.discardSnapshot(output.id)
      case "Serving":
        return standing.serving(output)
      case "BatchConfirmed":
        return standing.batchConfirmed(output)
      case "Alarm":
        return standing.alarm(output)
      case "SteppedDown":
        return standing.steppedDown(output)
      case "Halted":
        return standing.halted(output)
      default:
        return unreachable(output)
    }
  }
  const performer: Performer = { perform, loadSnapshot: snapshots.load }
  return performer
})
