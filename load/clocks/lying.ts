/**
 * Messages that lie before a process while it stands still (SIGSTOP, SIGCONT): half of them with a deadline that passes meanwhile, half with one that doesn't.
 *
 * Each is sent once, past the client: a client asks again, and a deadline is each sending's own. Says what became of them; judges nothing.
 */
import { kindOf, published, RawConnection } from "../stage/raw-connection.ts"
import { pause, type Stage, type StageProcess } from "../stage/stage.ts"

/** How long the process stands still: less than the two seconds after which an ingress takes nothing, whatever its deadline. */
const frozenMs = 1_000
/** It has passed for all that are sent in the first `sendingMs` of that. */
const lateDeadlineMs = 500
/** Longer than all of it takes, and shorter than the smallest error of a clock that is tried. */
const amplyDeadlineMs = 7_000
const sendingMs = 200
const ofEach = 24
/** How long what lay there may take to be answered after that. What isn't by then counts as silence. */
const patienceMs = 5_000

/** What was said of messages with one deadline, of those that nobody had answered before the process went on. */
export interface Lay {
  /** How many those are. */
  readonly count: number
  readonly accepted: number
  /** An owner decided that the deadline had passed. */
  readonly expired: number
  /** An ingress didn't take it, for its deadline had passed. */
  readonly passed: number
}

interface Said {
  readonly atMs: number
  readonly word: keyof Omit<Lay, "count"> | "other"
}

const wordOf = (bytes: Buffer, bodyFrom: number, bodyTo: number, noResponders: boolean): Said["word"] => {
  const kind = kindOf(bytes, bodyFrom, bodyTo, noResponders)
  if (kind !== "decision" && kind !== "notStored") return "other"
  // As docs/PROTOCOL.md has replies and answers.
  const answer = JSON.parse(bytes.toString("utf8", bodyFrom, bodyTo)) as {
    readonly field?: string
    readonly decisions?: ReadonlyArray<{ readonly outcome: string }>
  }
  if (kind === "notStored") return answer.field === "deadlineMs" ? "passed" : "other"
  const outcome = answer.decisions?.[0]?.outcome
  return outcome === "accepted" || outcome === "expired" ? outcome : "other"
}

const reserve = (sku: string, round: string, n: number): Buffer => {
  const deadlineMs = n % 2 === 0 ? lateDeadlineMs : amplyDeadlineMs
  const head = `"v":1,"type":"Reserve","id":"${round}-${n}","sku":"${sku}","issuedAtMs":${Date.now()},"deadlineMs":${deadlineMs}`
  const body = `{${head},"reservation":"${round}-${n}","qty":1,"holdMs":600000}`
  return published(`hf.cmd.web.sell.sku.${sku}`, `hf.reply.web.${round}.${n}`, [], Buffer.from(body))
}

const countOf = (heard: ReadonlyMap<number, Said>, thawedMs: number, parity: 0 | 1): Lay => {
  const lay = { count: 0, accepted: 0, expired: 0, passed: 0 }
  for (let n = parity; n < 2 * ofEach; n += 2) {
    const said = heard.get(n)
    if (said !== undefined && said.atMs < thawedMs) continue
    lay.count++
    if (said !== undefined && said.word !== "other") lay[said.word]++
  }
  return lay
}

/** Stops the process, sends, lets it go on, and waits until all is answered. `round`: not used before, and part of ids and subjects. */
export const lieBefore = async (
  stage: Stage,
  frozen: StageProcess,
  skus: ReadonlyArray<string>,
  round: string,
): Promise<{ readonly late: Lay; readonly inTime: Lay }> => {
  const heard = new Map<number, Said>()
  const connection = await RawConnection.open(
    stage.servers[0]?.url ?? "",
    "web",
    stage.loginOf("web"),
    {
      refused: (text) => {
        throw new Error(`the server refused: ${text}`)
      },
      message: (bytes, subjectFrom, subjectTo, bodyFrom, bodyTo, noResponders) => {
        const n = Number(bytes.toString("latin1", subjectFrom, subjectTo).split(".").at(-1))
        if (!heard.has(n)) heard.set(n, { atMs: performance.now(), word: wordOf(bytes, bodyFrom, bodyTo, noResponders) })
      },
    },
    round,
  )
  process.kill(frozen.pid, "SIGSTOP")
  const sinceMs = performance.now()
  try {
    for (let n = 0; n < 2 * ofEach; n++) {
      connection.write(reserve(skus[n % skus.length] ?? "", round, n))
      if (n % 8 === 7) await pause((sendingMs * 8) / (2 * ofEach))
    }
    await connection.flush()
    const sentMs = performance.now()
    // On a busy machine sending may have taken longer: the last one's deadline passes all the same.
    await pause(Math.max(frozenMs - (sentMs - sinceMs), lateDeadlineMs + 100))
  } finally {
    process.kill(frozen.pid, "SIGCONT")
  }
  const thawedMs = performance.now()
  while (heard.size < 2 * ofEach && performance.now() - thawedMs < patienceMs) await pause(50)
  connection.close()
  return { late: countOf(heard, thawedMs, 0), inTime: countOf(heard, thawedMs, 1) }
}
