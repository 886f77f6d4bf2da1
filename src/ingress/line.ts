/**
 * A line of senders in which each has one turn, then stands at the end again: however much one of them lets wait, another waits for at most one message of each.
 *
 * Taking turns costs O(1) whatever waits. What is too old leaves from the front: each sender's messages stand in the order in which they came.
 */
import type { TakenMessage } from "../engine/protocol.ts"
import type { Line, QueuedMessage, Sender, SenderQueue } from "./ingress.ts"

/** Messages that were taken off the front of a queue before it is made shorter. */
const takenOffMax = 512

/** Commands that a message is counted for. */
export const commandsIn = ({ body }: TakenMessage): number => (body._tag === "Commands" ? body.commands.length : 1)

/** Notes a message that has a trace among those of what it goes on with. Without one nothing is made. */
export const noteTraced = (traced: Array<QueuedMessage> | undefined, queued: QueuedMessage): Array<QueuedMessage> | undefined => {
  if (queued.message.trace === null) return traced
  if (traced === undefined) return [queued]
  traced.push(queued)
  return traced
}

const standAtTheEnd = (line: Line, queue: SenderQueue): void => {
  queue.behind = null
  if (line.last === null) line.first = queue
  else line.last.behind = queue
  line.last = queue
}

/** Lets a message of the sender wait. */
export const letWait = (line: Line, from: Sender, message: TakenMessage, sinceMs: number): void => {
  let queue = line.queues[from.place]
  if (queue === undefined) {
    queue = { from, items: [], head: 0, behind: null }
    line.queues[from.place] = queue
  }
  queue.items.push({ message, sinceMs })
  from.waitingMessages += 1
  from.waitingBytes += message.bytes
  if (queue.items.length - queue.head === 1) standAtTheEnd(line, queue)
}

/** The message whose turn it is. */
export const nextOf = ({ first }: Line): QueuedMessage | undefined => first?.items[first.head]

const shift = (queue: SenderQueue): boolean => {
  const { message } = queue.items[queue.head] as QueuedMessage
  queue.head += 1
  queue.from.waitingMessages -= 1
  queue.from.waitingBytes -= message.bytes
  if (queue.head === queue.items.length) {
    queue.items.length = 0
    queue.head = 0
    return false
  }
  if (queue.head >= takenOffMax && queue.head * 2 >= queue.items.length) {
    queue.items.splice(0, queue.head)
    queue.head = 0
  }
  return true
}

/** Takes the message out whose turn it is. Its sender, if more of it waits, stands at the end. */
export const takeNext = (line: Line): void => {
  const queue = line.first
  if (queue === null) return
  line.first = queue.behind
  if (line.first === null) line.last = null
  if (shift(queue)) standAtTheEnd(line, queue)
}

/** Takes out what came at `untilMs` or before, telling each. */
export const dropUntil = (line: Line, untilMs: number, tell: (from: Sender, message: TakenMessage) => void): void => {
  let queue = line.first
  line.first = null
  line.last = null
  while (queue !== null) {
    const { behind } = queue
    let waits = true
    while (waits) {
      const { message, sinceMs } = queue.items[queue.head] as QueuedMessage
      if (sinceMs > untilMs) break
      waits = shift(queue)
      tell(queue.from, message)
    }
    if (waits) standAtTheEnd(line, queue)
    queue = behind
  }
}

/** When the oldest of what waits was published, by the broker's clock; infinity: nothing waits. */
export const oldestIn = (line: Line): number => {
  let oldestMs = Number.POSITIVE_INFINITY
  for (let queue = line.first; queue !== null; queue = queue.behind)
    oldestMs = Math.min(oldestMs, (queue.items[queue.head] as QueuedMessage).message.publishedMs)
  return oldestMs
}
