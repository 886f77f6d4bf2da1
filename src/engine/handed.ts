/**
 * What ingresses hand over and isn't decided yet: a queue for each sender, served by turns, each with a bound of its own.
 *
 * Fair by commands, not by messages: a sender that packs a hundred commands into a message has no more of a batch than one that sends them one by one. No queue may hold more than its
 * share of what may wait in all, so that one sender's flood leaves the others their places. What is not taken is said to be busy at once: it is handed to this reign alone,
 * so that nobody else can have decided it.
 */
import { assert } from "../assert.ts"
import { isInternal, partitionOf, type SenderId } from "../domain/names.ts"
import { busyMsMax, busyMsMin, commandsPerMessageMax, handedBytesMax, owedBusyMs } from "../limits.ts"
import { isFull, roomInMs } from "./memory-bounds.ts"
import { throttle } from "./memory-tending.ts"
import type { ArrivedMessage, HandedQueue, HandedQueues, Partition, Reign, Serving } from "./partition.ts"
import type { Output, TakenMessage } from "./protocol.ts"
import { noteWaiting, takesCarried } from "./receiving.ts"
import { BusyWhy } from "./words.ts"

/** Commands a message is counted for. */
export const commandsIn = ({ body }: Pick<ArrivedMessage, "body">): number => (body._tag === "Commands" ? body.commands.length : 1)

/** A message as it waits. Its form was checked by an ingress; what only an owner can see is checked when it is decided. */
export const arrivedOf = (partition: Partition, taken: TakenMessage, seq: number | null): ArrivedMessage => ({
  seq,
  brokerMs: taken.publishedMs,
  bytes: taken.bytes,
  sender: taken.sender,
  class: taken.class,
  bulk: taken.bulk,
  key: taken.key,
  home: partitionOf(taken.key, partition.partitions) === partition.id,
  reply: taken.reply,
  body: taken.body,
  trace: taken.trace,
  read: null,
  actor: undefined,
  carriage: taken.carriage ?? null,
})

/** What waits of a sender, or, where nothing does, what will once it is put among the others. */
const queueOf = (handed: HandedQueues, sender: SenderId): HandedQueue =>
  handed.queues.get(sender) ?? { sender, messages: [], from: 0, commands: 0, bytes: 0, credit: 0 }

/** Whether this much more may wait of a sender: always a little, else its share of all there is room for. */
const hasRoom = ({ reign: { handed }, bounds }: Serving, queue: HandedQueue, commands: number, bytes: number): boolean => {
  if (handed.bytes + bytes > handedBytesMax) return false
  const senders = handed.turns.length + (queue.commands === 0 ? 1 : 0)
  return queue.commands + commands <= Math.max(bounds.handedPerSenderMin, bounds.handedCommandsMax / senders)
}

/** Milliseconds until half of what waits of a sender should be decided, at the pace of late. */
const comeBackMs = (handed: HandedQueues, queue: HandedQueue): number => {
  const ahead = Math.min(handed.commands, queue.commands * Math.max(1, handed.turns.length))
  const ms = handed.pace > 0 ? ahead / 2 / handed.pace : busyMsMin
  return Math.round(Math.min(busyMsMax, Math.max(busyMsMin, ms)))
}

/** Takes in what an ingress hands over, and says busy for what there is no room for: to wait in, or to be remembered in. */
export const onCommandsHanded = (partition: Partition, messages: ReadonlyArray<TakenMessage>): Array<Output> => {
  if (partition.phase !== "serving" || partition.reign.draining !== null) return sayBusy(messages, busyMsMin, "owner")
  const { handed } = partition.reign
  let refused: Array<TakenMessage> | undefined
  let retryAfterMs = 0
  const unremembered: Array<TakenMessage> = []
  let roomAfterMs = 0
  for (const message of messages) {
    const { carriage } = message
    if (carriage === undefined ? isInternal(message.sender) : !takesCarried(partition, message, carriage)) continue
    const queue = queueOf(handed, message.sender)
    const commands = commandsIn(message)
    assert(commands > 0, "INV-11 a message counts for one command at least")
    const memory = carriage === undefined ? partition.senders.get(message.sender)?.classes.get("sell") : undefined
    if (memory !== undefined && isFull(partition, "sell", memory, queue.commands + commands)) {
      unremembered.push(message)
      roomAfterMs = Math.max(roomAfterMs, roomInMs(partition, "sell", memory))
      throttle(partition, message.sender)
      continue
    }
    if (!hasRoom(partition, queue, commands, message.bytes)) {
      refused ??= []
      refused.push(message)
      retryAfterMs = Math.max(retryAfterMs, comeBackMs(handed, queue))
      continue
    }
    if (queue.commands === 0) {
      // Not before: a sender of whom nothing is taken leaves nothing behind.
      handed.queues.set(message.sender, queue)
      handed.turns.push(message.sender)
    }
    const arrived = arrivedOf(partition, message, null)
    if (carriage !== undefined) noteWaiting(partition, arrived)
    queue.messages.push(arrived)
    queue.commands += commands
    queue.bytes += message.bytes
    handed.commands += commands
    handed.bytes += message.bytes
  }
  const noMemory = sayBusy(unremembered, roomAfterMs, "queue")
  return refused === undefined ? noMemory : [...noMemory, ...sayBusy(refused, retryAfterMs, "queue")]
}

const sayBusy = (messages: ReadonlyArray<TakenMessage>, retryAfterMs: number, why: BusyWhy): Array<Output> => {
  // A partition of ours asks again by itself.
  const asking = messages.filter(({ carriage }) => carriage === undefined)
  return asking.length === 0 ? [] : [{ _tag: "SayBusy", messages: asking, retryAfterMs, why }]
}

/** A message as it was handed over, to be told of. */
const handedBack = ({
  key,
  class: commandClass,
  brokerMs,
  sender,
  bulk,
  reply,
  bytes,
  body,
  trace,
  carriage,
}: ArrivedMessage): Array<TakenMessage> =>
  carriage !== null ? [] : [{ sender, class: commandClass, bulk, key, reply, publishedMs: brokerMs, trace, bytes, body }]

/** Says busy for messages that were taken and of which nothing was decided. */
export const sayUndecided = (undecided: ReadonlyArray<{ readonly arrived: ArrivedMessage; readonly why: BusyWhy }>): Array<Output> =>
  BusyWhy.flatMap((why) =>
    sayBusy(
      undecided.flatMap((one) => (one.why === why ? handedBack(one.arrived) : [])),
      owedBusyMs,
      why,
    ),
  )

/** Whether anything waits. */
export const anyHanded = ({ reign: { handed } }: Serving): boolean => handed.commands > 0

/** Whether a message fits what is left of a batch; if so, it is counted. */
type Fits = (arrived: ArrivedMessage) => boolean

/** Commands a sender may decide at one turn: small, so that many senders share a batch, and no smaller than is worth a turn. */
const turnCommands = 32

/** Whether all that deciding a message needs is at hand. */
type Ready = (arrived: ArrivedMessage) => boolean

/** Takes messages by turns until one doesn't fit any more. That one, and its sender, are the first of the next batch. Whoever's next message isn't ready waits, and nobody else. */
export const takeHanded = (partition: Serving, fits: Fits, ready: Ready): Array<ArrivedMessage> => {
  const { handed } = partition.reign
  const taken: Array<ArrivedMessage> = []
  const waiting: Array<SenderId> = []
  while (handed.turns.length > 0) {
    const sender = handed.turns[0] as SenderId
    const queue = handed.queues.get(sender)
    assert(queue !== undefined && queue.commands > 0, "INV-9 a sender that has a turn has something waiting")
    const went = takeTurn(handed, queue, { fits, ready }, taken)
    if (went === "full") break
    handed.turns.shift()
    if (queue.commands === 0) forget(handed, queue)
    else if (went === "waits") waiting.push(sender)
    else handed.turns.push(sender)
  }
  handed.turns.push(...waiting)
  return taken
}

/** One sender's turn, and how it ended: the batch is full, what is next isn't ready, or others have their turns. A message larger than a turn is saved up for. */
const takeTurn = (
  handed: HandedQueues,
  queue: HandedQueue,
  { fits, ready }: { readonly fits: Fits; readonly ready: Ready },
  taken: Array<ArrivedMessage>,
): "full" | "waits" | "done" => {
  queue.credit = Math.min(queue.credit + turnCommands, commandsPerMessageMax + turnCommands)
  while (queue.commands > 0) {
    assert(queue.from < queue.messages.length, "INV-11 what is counted waits")
    const next = queue.messages[queue.from] as ArrivedMessage
    const commands = commandsIn(next)
    // Whoever is alone saves up for nobody.
    if (commands > queue.credit && handed.turns.length > 1) return "done"
    if (!ready(next)) return "waits"
    if (!fits(next)) return "full"
    queue.credit = Math.max(0, queue.credit - commands)
    queue.from++
    queue.commands -= commands
    queue.bytes -= next.bytes
    handed.commands -= commands
    handed.bytes -= next.bytes
    taken.push(next)
    cut(queue)
  }
  return "done"
}

/** Cuts the front off when half of the array is spent, so that taking from it costs nothing on average. */
const cut = (queue: HandedQueue): void => {
  if (queue.from < 512 || queue.from * 2 < queue.messages.length) return
  queue.messages = queue.messages.slice(queue.from)
  queue.from = 0
}

const forget = (handed: HandedQueues, queue: HandedQueue): void => {
  assert(queue.commands === 0 && queue.bytes === 0, "INV-11 who is forgotten has nothing waiting")
  handed.queues.delete(queue.sender)
}

/** Follows how fast commands are decided, from what a confirmed record held and how long it took; a quarter of each counts. */
export const notePace = (handed: HandedQueues, commands: number, tookMs: number): void => {
  assert(commands > 0, "INV-10 a pace is that of commands that were decided")
  const now = commands / Math.max(1, tookMs)
  handed.pace = handed.pace === 0 ? now : 0.75 * handed.pace + 0.25 * now
}

/** The reign is over: what waits was handed to nobody else, and will not be decided by it. */
export const giveBackHanded = ({ handed, receiving }: Reign): Array<Output> => {
  if (handed.commands === 0) return []
  const left: Array<TakenMessage> = []
  for (const queue of handed.queues.values()) for (const arrived of queue.messages.slice(queue.from)) left.push(...handedBack(arrived))
  receiving.waiting.clear()
  handed.queues.clear()
  handed.turns = []
  handed.commands = 0
  handed.bytes = 0
  return sayBusy(left, busyMsMin, "owner")
}
