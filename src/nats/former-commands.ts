/**
 * The commands stream of earlier releases, in the senders' account, as the port `FormerCommands`: read as any, closed to senders, and then asked where it ends.
 *
 * Senders published to it themselves. What it took it keeps, and acknowledged; closing it changes its subjects alone, so that a sender is not told of a message as stored that nobody will read.
 */
import { Layer } from "effect"
import { FormerCommands, type FormerStream } from "../ports/broker.ts"
import { commandsStream } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import { commandsOver } from "./commands.ts"
import type { Link } from "./connection.ts"
import { isStreamMissing } from "./errors.ts"
import { engineAccount, formerCommandsClosed, formerCommandsOf, formerCommandsStream } from "./subjects.ts"

const infoOrNull = (link: Link, stream: string) =>
  link.lookups.streams.info(stream).catch((error: unknown) => {
    if (isStreamMissing(error)) return null
    throw error
  })

/** That there is no such stream must not be believed of an account that it never was in: undecided commands would be left behind. */
const refuseOtherAccount = async (link: Link): Promise<void> => {
  if ((await infoOrNull(link, commandsStream("sku"))) !== null)
    throw new Error(
      `this login is of account ${engineAccount}: the stream ${formerCommandsStream} lay in the senders' account, give a login there`,
    )
}

/** From here on it takes nothing of senders. False if there is no such stream. Safe to repeat, by several at once. */
const close = async (link: Link): Promise<boolean> => {
  const info = await infoOrNull(link, formerCommandsStream)
  if (info === null) return false
  if (info.config.subjects.length !== 1 || info.config.subjects[0] !== formerCommandsClosed)
    await link.jsm.streams.update(formerCommandsStream, { subjects: [formerCommandsClosed] })
  return true
}

/** Of what the stream took before it was closed some may still wait to be written. It writes in the order in which it took: once this is stored, so is all of that. */
const untilAllWritten = (link: Link): Promise<unknown> => link.js.publish(formerCommandsClosed, "")

const endSeq = async (link: Link, partition: number): Promise<number> => {
  if (!(await close(link))) {
    await refuseOtherAccount(link)
    return 0
  }
  await untilAllWritten(link)
  const last = await link.lookups.streams.getMessage(formerCommandsStream, { last_by_subj: formerCommandsOf(partition) })
  return last?.seq ?? 0
}

const formerStream = (link: Link): FormerStream => ({
  ...commandsOver(link, { stream: formerCommandsStream, of: formerCommandsOf }),
  endSeq: (partition) =>
    attempt(link, `close the commands stream of earlier releases and find its end for partition ${partition}`, () =>
      endSeq(link, partition),
    ),
})

/** `link` is a connection in the account of the senders, null where there is no login for it. */
export const formerCommandsLayer = (link: Link | null): Layer.Layer<never> =>
  Layer.succeed(FormerCommands, link === null ? null : formerStream(link))
