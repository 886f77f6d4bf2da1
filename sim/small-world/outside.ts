/**
 * What may happen outside the workers: commands are sent and retried, the commands stream loses its tail, time goes on.
 */
import type { SenderId, Sku } from "../../src/domain/names.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import { storedOf } from "../../src/wire/subjects.ts"
import { batchAlone } from "../../src/workload/stored-alone.ts"
import { attemptMoves } from "./doors.ts"
import { askCommandAt, bothWorkers, type Draft, draftOf, type Ground, hear, type OnMove, startMs } from "./draft.ts"
import type { State, Stream, Template } from "./small-world.ts"

/** Added to the place of a template whose bytes may be stored again: they have one number, whenever they are. */
const againFrom = 20

/** A message as the commands stream stores it now. Its number is its ingress's for it, and ends the suffix, so that a retry's answer is its own. */
const storeCommand = (ground: Ground, draft: Draft, index: number, template: Template): Stream => {
  const { stream, clockMs, sends } = draft
  const isAgain = template.storedAgain === true
  const number = isAgain ? againFrom + index : sends
  // No two copies of the same bytes are stored in one millisecond: the one was not known to be stored for a while.
  const brokerMs = startMs + clockMs + (isAgain ? sends : 0)
  const key = `${index} ${number} ${clockMs} ${brokerMs}`
  const seen = stream.children.get(key)
  if (seen !== undefined) return seen
  const seq = stream.messages.length + 1
  const sent = {
    sender: template.sender as SenderId,
    class: template.class,
    key: template.command.sku as Sku,
    reply: `r.${number}`,
    publishedMs: startMs + clockMs,
  }
  const body = batchAlone(number, sent, new TextEncoder().encode(JSON.stringify(template.command)))
  const message: CommandMessage = { seq, subject: storedOf("sku", 0), headers: "", body, brokerMs }
  const next: Stream = {
    id: ++ground.streams,
    messages: [...stream.messages, message],
    templates: [...stream.templates, index],
    parent: stream,
    children: new Map(),
  }
  stream.children.set(key, next)
  return next
}

/** Sends a template's command; `index` tells it from the others. */
export const send = (ground: Ground, draft: Draft, index: number, template: Template): void => {
  draft.sends += 1
  draft.stream = storeCommand(ground, draft, index, template)
}

/** The commands stream loses its tail: what comes next takes the sequences of what was lost. The world's own setup is on disk. */
export const tailLossMoves = (ground: Ground, state: State, onMove: OnMove): void => {
  if (state.used.tailLosses >= ground.world.bounds.tailLosses) return
  let { stream } = state
  for (let lost = 1; (stream.templates.at(-1) ?? -1) >= 0 && stream.parent !== null; lost++) {
    stream = stream.parent
    const draft = draftOf(state)
    draft.used.tailLosses += 1
    for (const w of bothWorkers) feelTailLoss(ground, draft, w)
    draft.stream = stream
    onMove("chance", `the commands stream loses its newest ${lost}`, draft)
  }
}

/** The worker's reading breaks, where readings do, and what it asked of the stream may have been answered before. */
const feelTailLoss = (ground: Ground, draft: Draft, w: 0 | 1): void => {
  const worker = draft.workers[w]
  if (ground.world.afterTailLoss === "breaks" && worker.readSeq > 0) {
    worker.readSeq = 0
    worker.broken = true
  }
  const asked = worker.wants.filter((want) => want._tag === "CommandAt")
  worker.wants = worker.wants.filter(({ _tag }) => _tag !== "CommandAt")
  // The longest it was: whatever was seen between two losses tells no more.
  for (const { seq, before } of asked) askCommandAt(ground, worker, seq, before ?? draft.stream)
}

/** Every sender may send what it has not sent, and retry what it may. */
export const sendMoves = (ground: Ground, state: State, onMove: OnMove): void => {
  const { templates } = ground.world
  const { stream } = state
  for (const [index, template] of templates.entries()) {
    const isSent = (at: number) =>
      state.doors === null ? stream.templates.includes(at) : state.doors.attempts.some((attempt) => attempt.template === at)
    const sent = isSent(index)
    const waitsFor = templates.findIndex(({ name }) => name === template.after)
    if (waitsFor >= 0 && !isSent(waitsFor)) continue
    const mayComeAgain = template.retried === true || template.storedAgain === true
    if (sent && (!mayComeAgain || state.used.retries >= ground.world.bounds.retries)) continue
    if (state.doors !== null) {
      attemptMoves(state, index, template.name, sent, onMove)
      continue
    }
    const draft = draftOf(state)
    if (sent) draft.used.retries += 1
    send(ground, draft, index, template)
    const does = template.storedAgain === true ? "has stored again" : "retries"
    onMove("chance", `${template.sender} ${sent ? does : "sends"} ${template.name}`, draft)
  }
}

/** The clock may move on. */
export const clockMoves = (ground: Ground, state: State, onMove: OnMove): void => {
  const nextMs = ground.world.clocksMs.find((ms) => ms > state.clockMs)
  if (nextMs === undefined) return
  const draft = draftOf(state)
  draft.clockMs = nextMs
  if (!ground.world.slow.ticks) for (const w of bothWorkers) hear(ground, draft, w, "Tick", () => ({ _tag: "Tick" }))
  onMove("chance", `the clock moves to ${nextMs} ms`, draft)
}
