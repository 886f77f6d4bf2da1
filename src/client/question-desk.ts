/**
 * Asks workers and hears their answers. A question may be asked of all and answered by one, by several, or, while a partition changes its
 * owner, by nobody: so it is asked again until somebody answers or patience ends. Asking changes nothing, so asking twice is free.
 */
import { Effect, Schedule } from "effect"
import type { SenderLink } from "../ports/channel.ts"
import { AnswerUnknown, type BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import { decodeAnswer, type QuestionAnswer } from "../wire/questions.ts"

export type QuestionFailure = NotPermitted | AnswerUnknown

/** Milliseconds between two askings of the same question. */
const askAgainMs = 500

/** Every worker says the same: asking again is of no use. */
const notAllowed = (sender: string, path: string, roles: ReadonlyArray<string>): NotPermitted =>
  new NotPermitted({ operation: `asking ${path} as ${sender}`, cause: `it takes one of the roles ${roles.join(", ")}` })

const noBody = new Uint8Array()

interface OpenQuestion {
  readonly path: string
  /** JSON; none if absent. */
  readonly body?: object
  readonly timeoutMs: number
}

/** What was last heard instead of a useful answer. */
interface LastHeard {
  cause: string
}

export class QuestionDesk {
  readonly #link: SenderLink["Service"]
  readonly #instance: string
  readonly #listeners = new Map<string, (answer: Uint8Array) => void>()
  /** Told why no answer can be heard. */
  readonly #whenDeaf = new Set<(why: NotPermitted) => void>()
  #deaf: NotPermitted | null = null
  #asked = 0

  /** `instance` is the prefix of replies that this process hears. */
  constructor(link: SenderLink["Service"], instance: string) {
    this.#link = link
    this.#instance = instance
  }

  /** An answer to the question with this suffix, as {@link QuestionDesk.suffixes} made it. */
  heard(suffix: string, body: Uint8Array): void {
    this.#listeners.get(suffix)?.(body)
  }

  /** The server refuses this sender its answers: nobody need wait for one. */
  deaf(why: NotPermitted): void {
    this.#deaf = why
    for (const tell of [...this.#whenDeaf]) tell(why)
  }

  hears(): void {
    this.#deaf = null
  }

  /** The first of `take`'s results that isn't undefined, over all answers. */
  ask<A>(question: OpenQuestion, take: (answer: QuestionAnswer) => A | undefined): Effect.Effect<A, QuestionFailure> {
    return Effect.suspend(() => {
      const last: LastHeard = { cause: "no worker answered" }
      const first = this.#listen(question, last, (answer, resume: (found: A) => void) => {
        const found = take(answer)
        if (found !== undefined) resume(found)
      })
      return Effect.timeoutOrElse(first, {
        duration: question.timeoutMs,
        orElse: () => Effect.fail(new AnswerUnknown({ cause: `${last.cause} "${question.path}" within ${question.timeoutMs} ms` })),
      })
    })
  }

  /** All answers until `isEnough` of them, or until `timeoutMs` have passed: then as many as came. */
  collect(
    question: OpenQuestion,
    isEnough: (answers: ReadonlyArray<QuestionAnswer>) => boolean,
  ): Effect.Effect<ReadonlyArray<QuestionAnswer>, NotPermitted> {
    return Effect.suspend(() => {
      const answers: Array<QuestionAnswer> = []
      const all = this.#listen(question, { cause: "" }, (answer, resume: (found: ReadonlyArray<QuestionAnswer>) => void) => {
        answers.push(answer)
        if (isEnough(answers)) resume(answers)
      })
      return Effect.timeoutOrElse(all, { duration: question.timeoutMs, orElse: () => Effect.succeed(answers) })
    })
  }

  #listen<A>(
    question: OpenQuestion,
    last: LastHeard,
    hear: (answer: QuestionAnswer, resume: (found: A) => void) => void,
  ): Effect.Effect<A, NotPermitted> {
    const key = String(++this.#asked)
    const answered = Effect.callback<A, NotPermitted>((resume) => {
      this.#listeners.set(key, (bytes) => {
        const answer = decodeAnswer(bytes)
        if (answer === undefined) last.cause = "an answer that can't be read came to"
        else if (answer.answer === "notAllowed") resume(Effect.fail(notAllowed(this.#link.sender, question.path, answer.roles)))
        else if (answer.answer === "invalid") last.cause = `a worker did not understand (${answer.field})`
        else hear(answer, (found) => resume(Effect.succeed(found)))
      })
      const tell = (why: NotPermitted) => resume(Effect.fail(why))
      // Whoever has patience without end waits until answers are heard again.
      if (Number.isFinite(question.timeoutMs)) {
        if (this.#deaf !== null) tell(this.#deaf)
        this.#whenDeaf.add(tell)
      }
      return Effect.sync(() => {
        this.#whenDeaf.delete(tell)
        this.#listeners.delete(key)
      })
    })
    return Effect.raceFirst(answered, this.#keepAsking(question, `${this.#instance}.${questionToken}.${key}`, last))
  }

  #keepAsking({ path, body }: OpenQuestion, suffix: string, last: LastHeard): Effect.Effect<never, NotPermitted> {
    const bytes = body === undefined ? noBody : Buffer.from(JSON.stringify(body), "utf8")
    const unheard = (error: BrokerUnavailable) =>
      Effect.sync(() => {
        last.cause = error.cause
      })
    return this.#link
      .ask(path, bytes, suffix)
      .pipe(Effect.catchTag("BrokerUnavailable", unheard), Effect.repeat(Schedule.spaced(askAgainMs)), Effect.andThen(Effect.never))
  }
}

/** Tells the answers to questions from the replies to commands, which count from 1. */
export const questionToken = "q"
