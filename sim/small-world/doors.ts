/**
 * Two ingresses in a small world: what waits in their connections, what is under way between them and the owners, and every order in which it may arrive, be lost, or come too late.
 *
 * The real core of the ingress, as the workers are real partitions. A sender's attempt goes to either ingress and is read in its order there; a frame may be lost, unheard, or heard without
 * its ingress hearing so; a store may be unknown, late, or full; an ingress may die and begin anew. Not explored: answers that are lost on their way to a sender, whose retry is
 * an attempt like any other.
 */
import { unreachable } from "../../src/assert.ts"
import type { CommandClass, SenderId } from "../../src/domain/names.ts"
import { skuToken } from "../../src/domain/names.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import { emptyIngress, type Ingress } from "../../src/ingress/ingress.ts"
import type { IngressInput, IngressOutput, SenderBounds } from "../../src/ingress/protocol.ts"
import { type IngressStep, makeIngressStep } from "../../src/ingress/step.ts"
import type { SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { commandPath, storedOf } from "../../src/wire/subjects.ts"
import { ingressCodec } from "../nodes/ingress.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import { type Draft, draftOf, type Ground, hear, type OnMove, startMs } from "./draft.ts"
import { copyState, fingerprint } from "./plain-state.ts"
import type { State, Stream, Template } from "./small-world.ts"

const storedSubject = storedOf("sku", 0)

/** One state of an ingress's core. Never stepped itself. */
interface DoorMind {
  readonly id: number
  readonly core: Ingress
  readonly known: Map<string, { readonly mind: DoorMind; readonly outputs: ReadonlyArray<IngressOutput> }>
}

/** A message that a sender published: of which template, and when. Its number is its place, counted from 1. */
interface Attempt {
  readonly template: number
  readonly atMs: number
}

/** Something under way between an ingress and the other side. `life`: of the ingress that waits for its answer. */
type Errand = { readonly key: string; readonly ingress: 0 | 1; readonly life: number } & (
  | { readonly _tag: "Frame"; readonly frame: number; readonly owner: string; readonly messages: ReadonlyArray<SkuTakenMessage> }
  | { readonly _tag: "Store"; readonly serial: number; readonly bytes: Uint8Array }
  /** Its answer on its way back. */
  | { readonly _tag: "Answer"; readonly input: WithoutTime<IngressInput> }
)
type WithoutTime<T> = T extends unknown ? Omit<T, "nowMs"> : never

interface DoorState {
  readonly mind: DoorMind
  readonly life: number
  /** Numbers of the attempts in its connection, in order. */
  readonly socket: ReadonlyArray<number>
}

/** The doors of a small world. */
export interface Doors {
  readonly attempts: ReadonlyArray<Attempt>
  readonly ingresses: readonly [DoorState, DoorState]
  readonly errands: ReadonlyArray<Errand>
  /** A bit for each attempt that was told `busy` or `notStored`, and for each that was told anything short of a decision. */
  readonly turnedAway: number
  readonly told: number
}

const both = [0, 1] as const

export const doorsKey = ({ attempts, ingresses, errands, turnedAway, told }: Doors): string => {
  const tried = attempts.map(({ template, atMs }) => `${template}@${atMs}`).join(",")
  const doors = ingresses.map(({ mind, life, socket }) => `${mind.id}.${life}[${socket.join(",")}]`).join(" ")
  return `${tried}|${doors}|${errands.map(({ key, life }) => `${key}.${life}`).join(",")}|${turnedAway} ${told}`
}

/** What all states share: minds of ingresses, each stepped once for each input. */
export interface DoorMinds {
  readonly step: (
    mind: DoorMind,
    key: string,
    input: IngressInput,
  ) => { readonly mind: DoorMind; readonly outputs: ReadonlyArray<IngressOutput> }
  readonly begin: (name: string) => DoorMind
}

/** Counters, and what is left in buckets that never run dry here, are left out of the state: nothing depends on them. */
const forgetCounts = (core: Ingress): void => {
  for (const sender of core.senders) {
    Object.assign(sender, { commandsLeft: sender.commandsPerSecond, bytesLeft: sender.bytesPerSecond, filledMs: null })
    Object.assign(sender.counted, { taken: 0, stored: 0 })
    for (const counts of [sender.counted.busy, sender.counted.notStored])
      for (const why of Object.keys(counts)) Object.assign(counts, { [why]: 0 })
  }
}

const boundsOf = (templates: ReadonlyArray<Template>): ReadonlyArray<SenderBounds> =>
  [...new Set(templates.map(({ sender }) => sender))].map((sender) => ({
    sender: sender as SenderId,
    classes: ["sell", "stock", "policy"],
    bulk: false,
    commandsPerSecond: 1_000,
    bytesPerSecond: 1_000_000,
  }))

export const createDoorMinds = (templates: ReadonlyArray<Template>, doorStep: IngressStep = makeIngressStep(ingressCodec)): DoorMinds => {
  const minds = new Map<string, DoorMind>()
  const intern = (core: Ingress): DoorMind => {
    forgetCounts(core)
    const key = fingerprint(core)
    const seen = minds.get(key)
    if (seen !== undefined) return seen
    const mind: DoorMind = { id: minds.size, core, known: new Map() }
    minds.set(key, mind)
    return mind
  }
  const step: DoorMinds["step"] = (mind, key, input) => {
    const seen = mind.known.get(key)
    if (seen !== undefined) return seen
    const core = copyState(mind.core)
    const outputs = doorStep(core, input)
    const stepped = { mind: intern(core), outputs }
    mind.known.set(key, stepped)
    return stepped
  }
  return { step, begin: (name) => intern(emptyIngress({ ingress: name, partitions: { sku: 1, order: 1 }, senders: boundsOf(templates) })) }
}

/** The bit of the attempt that names a suffix. */
const bitOf = (suffix: string | null): number => (suffix === null ? 0 : 1 << (Number(suffix.slice(2)) - 1))

const doorsOf = (state: { readonly doors: Doors | null }): Doors => state.doors as Doors

const withIngress = (doors: Doors, i: 0 | 1, change: Partial<DoorState>): Doors => {
  const [a, b] = doors.ingresses
  return { ...doors, ingresses: i === 0 ? [{ ...a, ...change }, b] : [a, { ...b, ...change }] }
}

const withErrand = (doors: Doors, errand: Errand): Doors => ({
  ...doors,
  // Which was begun first makes no difference: any may arrive first.
  errands: [...doors.errands, errand].sort((a, b) => (a.key < b.key ? -1 : 1)),
})

const withoutErrand = (doors: Doors, errand: Errand): Doors => ({ ...doors, errands: doors.errands.filter((one) => one !== errand) })

/** Somebody says `busy`, `notStored` or `stored` of an attempt: at most once, and what is turned away must not have been decided. */
export const sayOfAttempt = (draft: Draft, suffix: string | null, what: "stored" | "busy" | "notStored"): void => {
  const bit = bitOf(suffix)
  if (draft.doors === null || bit === 0) return
  if ((draft.doors.told & bit) !== 0) draft.wrong.push(`one answer to an attempt: ${suffix} is told ${what} after something else`)
  draft.reached.push(`told: ${what}`)
  draft.doors = { ...draft.doors, told: draft.doors.told | bit, turnedAway: draft.doors.turnedAway | (what === "stored" ? 0 : bit) }
}

/** Tells an ingress something, and has performed what it answers. */
const hearDoor = (ground: Ground, draft: Draft, i: 0 | 1, key: string, input: WithoutTime<IngressInput>): void => {
  const { mind } = doorsOf(draft).ingresses[i]
  const nowMs = startMs + draft.clockMs
  const stepped = ground.doorMinds.step(mind, `${draft.clockMs} ${key}`, { ...input, nowMs } as IngressInput)
  draft.doors = withIngress(doorsOf(draft), i, { mind: stepped.mind })
  for (const output of stepped.outputs) performDoor(draft, i, output)
}

const performDoor = (draft: Draft, i: 0 | 1, output: IngressOutput): void => {
  const doors = doorsOf(draft)
  const { life, mind } = doors.ingresses[i]
  const from = { ingress: i, life } as const
  switch (output._tag) {
    case "Answer":
      return sayOfAttempt(draft, output.suffix, output.answer.answer)
    case "HandOver": {
      const { owner, frame } = output
      const messages = output.messages as ReadonlyArray<SkuTakenMessage>
      for (const message of messages) judgeAge(draft, message)
      const key = `F${mind.core.ingress} ${frame} ${owner} ${messages.map(({ reply, publishedMs }) => `${reply}@${publishedMs}`).join("+")}`
      draft.doors = withErrand(doors, { _tag: "Frame", key, ...from, owner, frame, messages })
      return
    }
    case "Store": {
      const { serial, bytes } = output
      // A serial that surely was not stored is used again, for other bytes.
      const key = `S${mind.core.ingress} ${serial} ${checkingCodec.sha256(bytes).slice(0, 8)}`
      draft.doors = withErrand(doors, { _tag: "Store", key, ...from, serial, bytes })
      return
    }
    case "CloseDoor":
    case "OpenDoor":
    case "Drained":
      return
    default:
      return unreachable(output)
  }
}

/** Checks that an ingress passes no message on as younger than it is, and none beyond its deadline or the door's bound. */
const judgeAge = (draft: Draft, { reply, publishedMs, body }: SkuTakenMessage): void => {
  const attempt = doorsOf(draft).attempts[Number(reply?.slice(2)) - 1]
  if (attempt === undefined) return
  if (publishedMs > startMs + attempt.atMs)
    draft.wrong.push(`true age: ${reply} goes on as published ${publishedMs - startMs}, and was at ${attempt.atMs}`)
  if (body._tag === "Undecodable") return
  for (const decoded of body.commands)
    if (
      decoded._tag === "Command" &&
      decoded.command.deadlineMs !== undefined &&
      draft.clockMs - attempt.atMs > decoded.command.deadlineMs + 100
    )
      draft.wrong.push(`true age: ${reply} is handed over ${draft.clockMs - attempt.atMs} ms after it was published`)
}

/** An ingress's life begins: it knows the time at once, and nothing else. */
const beginDoor = (ground: Ground, draft: Draft, i: 0 | 1, life: number): void => {
  draft.doors = withIngress(doorsOf(draft), i, { mind: ground.doorMinds.begin(`i${i}-${life}`), life, socket: [] })
  hearDoor(ground, draft, i, "BrokerTimeSeen", { _tag: "BrokerTimeSeen", brokerMs: startMs + draft.clockMs })
}

/** Opens the doors of a world that has them. */
export const openDoors = (ground: Ground, draft: Draft): void => {
  const newborn = { mind: ground.doorMinds.begin("i0-0"), life: 0, socket: [] }
  // What stocked the world lies in the stream as its senders wrote it, and has had its numbers.
  const attempts = Array.from({ length: draft.sends }, () => ({ template: -1, atMs: 0 }))
  draft.doors = { attempts, ingresses: [newborn, newborn], errands: [], turnedAway: 0, told: 0 }
  for (const i of both) beginDoor(ground, draft, i, 0)
}

// What may happen.

/** A template's command is published, and the server gives it to one of the two. */
export const attemptMoves = (state: State, index: number, name: string, isRetry: boolean, onMove: OnMove): void => {
  // The two ingresses are still alike, so the first attempt always goes to the first.
  const isFirst = doorsOf(state).attempts.every(({ template }) => template < 0) && state.used.doorCrashes === 0
  for (const i of isFirst ? ([0] as const) : both) {
    const draft = draftOf(state)
    if (isRetry) draft.used.retries += 1
    draft.sends += 1
    const doors = doorsOf(draft)
    const socket = [...doors.ingresses[i].socket, draft.sends]
    draft.doors = withIngress({ ...doors, attempts: [...doors.attempts, { template: index, atMs: draft.clockMs }] }, i, { socket })
    onMove("chance", `${name} goes to ingress ${i}`, draft)
  }
}

const readSocket = (ground: Ground, state: State, i: 0 | 1, onMove: OnMove): void => {
  const { socket } = doorsOf(state).ingresses[i]
  const [number] = socket
  if (number === undefined) return
  const draft = draftOf(state)
  const { template: index, atMs } = doorsOf(state).attempts[number - 1] as Attempt
  const template = ground.world.templates[index] as Template
  draft.doors = withIngress(doorsOf(draft), i, { socket: socket.slice(1) })
  const message = {
    sender: template.sender as SenderId,
    path: commandPath(template.class as CommandClass, "sku", skuToken(String(template.command.sku))),
    replySubject: `hf.reply.${template.sender}.r.${number}`,
    replyHeader: "",
    traceparent: "",
    body: new TextEncoder().encode(JSON.stringify(template.command)),
  }
  hearDoor(ground, draft, i, `Arrived ${number} ${index} ${atMs}`, {
    _tag: "Arrived",
    messages: [message],
    publishedAfterMs: startMs + atMs,
  })
  onMove("answer", `ingress ${i} reads attempt ${number}`, draft)
}

/** Whoever serves says so again and again: an ingress may hear of any reign that is one as far as its owner knows. */
const hearReigns = (ground: Ground, state: State, i: 0 | 1, onMove: OnMove): void => {
  for (const [w, { mind }] of state.workers.entries()) {
    const { owner, epoch, phase } = mind.partition
    const counter = doorsOf(state).ingresses[i].mind.core.counters[0]
    if (phase !== "serving" || counter?.owner === owner) continue
    const draft = draftOf(state)
    hearDoor(ground, draft, i, `OwnerSeen ${owner} ${epoch}`, { _tag: "OwnerSeen", kind: "sku", partition: 0, epoch, owner })
    if (draft.doors?.ingresses[i].mind !== state.doors?.ingresses[i].mind)
      onMove("answer", `ingress ${i} hears of the reign of worker ${w}`, draft)
  }
}

const lookAtClock = (ground: Ground, state: State, i: 0 | 1, onMove: OnMove): void => {
  const draft = draftOf(state)
  hearDoor(ground, draft, i, "Tick", { _tag: "Tick" })
  if (draft.doors?.ingresses[i].mind !== state.doors?.ingresses[i].mind || draft.doors?.errands.length !== state.doors?.errands.length)
    onMove("answer", `ingress ${i} looks at the clock`, draft)
}

const answerWith = (draft: Draft, errand: Errand, input: WithoutTime<IngressInput>): void => {
  draft.doors = withErrand(doorsOf(draft), {
    _tag: "Answer",
    key: `A${errand.key} ${input._tag}`,
    ingress: errand.ingress,
    life: errand.life,
    input,
  })
}

/** A frame reaches the server: its reign hears it, or nobody is there. */
const frameArrives = (ground: Ground, state: State, errand: Extract<Errand, { _tag: "Frame" }>, onMove: OnMove): void => {
  const draft = draftOf(state)
  draft.doors = withoutErrand(doorsOf(draft), errand)
  const { frame, owner, messages, key } = errand
  const heardBy = state.workers.findIndex(({ mind: { partition } }) => partition.phase === "serving" && partition.owner === owner)
  answerWith(draft, errand, { _tag: heardBy < 0 ? "FrameUnheard" : "FrameHeard", frame })
  if (heardBy < 0) draft.reached.push("a frame for a reign that is over")
  else hear(ground, draft, heardBy as 0 | 1, `CommandsHanded ${key}`, () => ({ _tag: "CommandsHanded", messages }))
  onMove("answer", `frame ${frame} of ingress ${errand.ingress} ${heardBy < 0 ? "finds nobody" : "arrives"}`, draft)
}

/** A message as the commands stream stores what an ingress wrote. */
const storeBatch = (ground: Ground, stream: Stream, bytes: Uint8Array, key: string, clockMs: number): Stream => {
  const name = `${key} ${clockMs}`
  const seen = stream.children.get(name)
  if (seen !== undefined) return seen
  const seq = stream.messages.length + 1
  const message: CommandMessage = { seq, subject: storedSubject, headers: "", body: bytes, brokerMs: startMs + clockMs }
  const next: Stream = {
    id: ++ground.streams,
    messages: [...stream.messages, message],
    templates: [...stream.templates, 0],
    parent: stream,
    children: new Map(),
  }
  stream.children.set(name, next)
  return next
}

const storeArrives = (ground: Ground, state: State, errand: Extract<Errand, { _tag: "Store" }>, onMove: OnMove): void => {
  const { serial, bytes, key, ingress } = errand
  const draft = draftOf(state)
  draft.doors = withoutErrand(doorsOf(draft), errand)
  draft.stream = storeBatch(ground, draft.stream, bytes, key, draft.clockMs)
  answerWith(draft, errand, { _tag: "Stored", kind: "sku", partition: 0, serial, seq: draft.stream.messages.length })
  onMove("answer", `message ${serial} of ingress ${ingress} is stored`, draft)
  if (state.used.storeFaults >= ground.world.bounds.storeFaults) return
  const full = draftOf(state)
  full.used.storeFaults += 1
  full.doors = withoutErrand(doorsOf(full), errand)
  answerWith(full, errand, { _tag: "StoreFull", kind: "sku", partition: 0, serial })
  onMove("chance", `the stream is full for message ${serial} of ingress ${ingress}`, full)
}

/** What an ingress waits for is given up: the errand goes on, late, or its answer is lost. */
const giveUp = (ground: Ground, state: State, errand: Errand, onMove: OnMove): void => {
  if (errand.life !== doorsOf(state).ingresses[errand.ingress].life || state.used.silences >= ground.world.bounds.silences) return
  const input = silenceOf(errand)
  if (input === undefined) return
  const draft = draftOf(state)
  draft.used.silences += 1
  draft.doors = withoutErrand(doorsOf(draft), errand)
  // Nobody waits for it any more: a life that never is.
  if (errand._tag !== "Answer") draft.doors = withErrand(doorsOf(draft), { ...errand, life: -1 })
  hearDoor(ground, draft, errand.ingress, `${input._tag} ${errand.key}`, input)
  onMove("chance", `ingress ${errand.ingress} gives up waiting for ${errand.key}`, draft)
}

/** What an ingress takes silence for. */
const silenceOf = (errand: Errand): WithoutTime<IngressInput> | undefined => {
  if (errand._tag === "Frame") return { _tag: "FrameUnknown", frame: errand.frame }
  if (errand._tag === "Store") return { _tag: "StoreUnknown", kind: "sku", partition: 0, serial: errand.serial }
  const { input } = errand
  if (input._tag === "FrameHeard" || input._tag === "FrameUnheard") return { _tag: "FrameUnknown", frame: input.frame }
  return input._tag === "Stored" || input._tag === "StoreFull"
    ? { _tag: "StoreUnknown", kind: "sku", partition: 0, serial: input.serial }
    : undefined
}

const errandMoves = (ground: Ground, state: State, onMove: OnMove): void => {
  for (const errand of doorsOf(state).errands) {
    giveUp(ground, state, errand, onMove)
    if (errand._tag === "Frame") frameArrives(ground, state, errand, onMove)
    else if (errand._tag === "Store") storeArrives(ground, state, errand, onMove)
    else {
      const draft = draftOf(state)
      draft.doors = withoutErrand(doorsOf(draft), errand)
      if (doorsOf(state).ingresses[errand.ingress].life === errand.life) hearDoor(ground, draft, errand.ingress, errand.key, errand.input)
      onMove("answer", `ingress ${errand.ingress} hears ${errand.key}`, draft)
    }
  }
}

/** Everything that is under way at the doors and may be the next to happen. */
export const doorMoves = (ground: Ground, state: State, onMove: OnMove): void => {
  if (state.doors === null) return
  errandMoves(ground, state, onMove)
  for (const i of both) {
    readSocket(ground, state, i, onMove)
    hearReigns(ground, state, i, onMove)
    lookAtClock(ground, state, i, onMove)
  }
}

/** What befalls an ingress, as often as the bounds allow: it dies, and what was in its connection with it. */
export const doorMisfortunes = (ground: Ground, state: State, onMove: OnMove): void => {
  if (state.doors === null || state.used.doorCrashes >= ground.world.bounds.doorCrashes) return
  for (const i of both) {
    const draft = draftOf(state)
    draft.used.doorCrashes += 1
    beginDoor(ground, draft, i, doorsOf(state).ingresses[i].life + draft.used.doorCrashes)
    onMove("chance", `ingress ${i} crashes and starts again`, draft)
  }
}

/** What is wrong with a state's doors: nothing that was turned away may be decided, or be in the stream. */
export const doorProblems = ({ doors, journal, stream }: State): ReadonlyArray<string> => {
  if (doors === null) return []
  const wrong: Array<string> = []
  const isTurnedAway = (suffix: string | null) => (doors.turnedAway & bitOf(suffix)) !== 0
  for (const { record } of journal.line)
    for (const entry of record?.entries ?? [])
      if (entry._tag === "Message" && entry.seq === null && isTurnedAway(entry.reply))
        wrong.push(`busy is true: attempt ${entry.reply} was turned away, and decided`)
  for (const message of stream.messages)
    for (const suffix of suffixesIn(message))
      if (isTurnedAway(suffix)) wrong.push(`busy is true: attempt ${suffix} was turned away, and is stored`)
  return wrong
}

/** The attempts that a message of the stream holds. */
export const suffixesIn = ({ body }: CommandMessage): ReadonlyArray<string> => {
  const decoded = checkingCodec.decodeBatch(body)
  return decoded._tag === "Batch" ? decoded.batch.messages.flatMap(({ reply }) => (reply === null ? [] : [reply])) : []
}
