/**
 * Sends each output of the engine to the part that performs it; nothing else is decided here.
 */
import { Effect } from "effect"
import { unreachable } from "../assert.ts"
import type { Partition } from "../engine/partition.ts"
import type { Output } from "../engine/protocol.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { makeCarryingOutputs } from "./carrying-outputs.ts"
import { makeCommandOutputs } from "./command-outputs.ts"
import { makeJournalOutputs } from "./journal-outputs.ts"
import { makePublishingOutputs } from "./publishing-outputs.ts"
import { makeReignOutputs } from "./reign-outputs.ts"
import type { Shell } from "./shell.ts"
import { makeSnapshotOutputs } from "./snapshot-outputs.ts"
import { makeStandingOutputs, type StandingListener } from "./standing-outputs.ts"

/** What has nothing to do with reading and deciding. */
type PublishingOutput = Extract<
  Output,
  {
    readonly _tag:
      | "SendReplies"
      | "SendFeed"
      | "WatchFeed"
      | "StoreChunk"
      | "PublishSnapshot"
      | "DiscardSnapshot"
      | "ContinueSoon"
      | "ClaimEnded"
      | "ReignEnded"
      | "Serving"
      | "BatchConfirmed"
      | "Alarm"
      | "SteppedDown"
      | "Halted"
  }
>

interface PublishingPerformers {
  readonly shell: Shell
  readonly publishing: Effect.Success<ReturnType<typeof makePublishingOutputs>>
  readonly snapshots: Effect.Success<ReturnType<typeof makeSnapshotOutputs>>
  readonly standing: Effect.Success<ReturnType<typeof makeStandingOutputs>>
}

/** What is said, kept and reported once decisions are confirmed. */
const performPublishing = ({ shell, publishing, snapshots, standing }: PublishingPerformers, output: PublishingOutput): void => {
  switch (output._tag) {
    case "SendReplies":
      return publishing.sendReplies(output.seq, output.replies)
    case "SendFeed":
      // SKUs alone have values that are published.
      return publishing.sendFeed(output.group, output.values as ReadonlyArray<AtsValue>)
    case "WatchFeed":
      return publishing.watchFeed(output.sinceMs)
    case "StoreChunk":
      return snapshots.storeChunk(output.snapshot, output.index, output.bytes)
    case "PublishSnapshot":
      return snapshots.publishSnapshot(output.manifest)
    case "DiscardSnapshot":
      return snapshots.discardSnapshot(output.id)
    case "ContinueSoon":
      // The partition hears Continue in a later turn, behind everything that has arrived by then.
      return shell.tell({ _tag: "Continue" })
    case "ClaimEnded":
    case "ReignEnded":
    case "Serving":
    case "BatchConfirmed":
    case "Alarm":
    case "SteppedDown":
    case "Halted":
      return standing.perform(output)
    default:
      return unreachable(output)
  }
}
/** Performs outputs of one partition. */
export interface Performer {
  readonly perform: (output: Output) => void
  /** Loads the newest snapshot: what a partition's life begins with. */
  readonly loadSnapshot: () => void
}

/** A performer for the partition of `shell`, whose actors have that `underWay`; `whoHears` is told when its standing changes. */
export const makePerformer = Effect.fnUntraced(function* (shell: Shell, underWay: Partition["underWay"], whoHears: StandingListener) {
  const journal = yield* makeJournalOutputs(shell)
  const commands = yield* makeCommandOutputs(shell)
  const publishing = yield* makePublishingOutputs(shell)
  const snapshots = yield* makeSnapshotOutputs(shell)
  const reign = yield* makeReignOutputs(shell)
  const standing = yield* makeStandingOutputs(shell, reign, whoHears)

  const carrying = yield* makeCarryingOutputs(shell, underWay)
  const said: PublishingPerformers = { shell, publishing, snapshots, standing }

  const perform = (output: Output): void => {
    switch (output._tag) {
      case "FollowJournal":
        return journal.followJournal(output.fromSeq)
      case "StopFollowing":
        return journal.stopFollowing()
      case "ReadClaimBasis":
        return journal.readClaimBasis(output.ask)
      case "ReadRecords":
        return journal.readRecords(output.fromSeq, output.toSeq)
      case "StoreIncarnation":
        return journal.storeIncarnation(output.incarnation)
      case "Append":
        return journal.append(output)
      case "ReadJournalEnd":
        return journal.readJournalEnd(output.seq)
      case "ReadRecalled":
        return journal.readRecalled(output.seq)
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
      case "SayBusy":
        return reign.sayBusy(output)
      case "SendCarried":
        return carrying.sendCarried(output)
      case "SendReturns":
        return carrying.sendReturns(output)
      case "Throttle":
        return reign.throttle(output)
      default:
        return performPublishing(said, output)
    }
  }
  const performer: Performer = { perform, loadSnapshot: snapshots.load }
  return performer
})
