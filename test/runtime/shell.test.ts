/**
 * The small parts of the shell, each alone: what a partition hears, in which order, and what it doesn't hear any more.
 */
import { Effect, Exit, FiberSet, Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import { makeConveyor } from "../../src/runtime/conveyor.ts"
import { makeMailbox, type UntimedInput } from "../../src/runtime/mailbox.ts"
import { makeReading, readForEver, readUntilBroken } from "../../src/runtime/reading.ts"
import type { Shell } from "../../src/runtime/shell.ts"
import { makeSignal } from "../../src/runtime/signal.ts"
import { until } from "./workers.ts"

const tick: UntimedInput = { _tag: "Tick" }
const sent = (seq: number): UntimedInput => ({ _tag: "RepliesSent", seq })

/** A shell whose partition hears what it is told only when `hear` is called. */
const makeTestShell = async () => {
  const scope = Scope.makeUnsafe()
  const run = await Effect.runPromise(FiberSet.makeRuntime<never, void, never>().pipe(Scope.provide(scope)))
  const mailbox = makeMailbox()
  const shell: Shell = {
    partition: 0,
    tell: (told) => mailbox.put({ told, isWanted: () => true }),
    tellWhile: (isWanted, told) => mailbox.put({ told, isWanted }),
    heard: mailbox.emptied,
    brokerNowMs: () => null,
    owner: () => "",
    run: (effect) => {
      run(effect)
    },
  }
  const hear = (): ReadonlyArray<UntimedInput> => {
    const heard: Array<UntimedInput> = []
    mailbox.readSome((letter) => {
      if (letter.isWanted()) heard.push(letter.told)
      return false
    })
    return heard
  }
  return { shell, hear, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const numbered = (...seqs: ReadonlyArray<number>) => seqs.map((seq) => ({ seq }))

describe("a mailbox", () => {
  it("hands everything over in the order in which it was put in", () => {
    const mailbox = makeMailbox()
    const heard: Array<UntimedInput> = []
    mailbox.put({ told: sent(1), isWanted: () => true })
    mailbox.put({ told: sent(2), isWanted: () => true })
    mailbox.readSome(({ told }) => {
      heard.push(told)
      // What is put in while reading waits for the next reading.
      if (heard.length === 1) mailbox.put({ told: tick, isWanted: () => true })
      return false
    })
    expect(heard).toEqual([sent(1), sent(2)])
    mailbox.readSome(({ told }) => heard.push(told) === 0)
    expect(heard).toEqual([sent(1), sent(2), tick])
  })

  it("keeps what was not read when its reader had enough, before what came later", () => {
    const mailbox = makeMailbox()
    const heard: Array<UntimedInput> = []
    mailbox.put({ told: sent(1), isWanted: () => true })
    mailbox.put({ told: sent(2), isWanted: () => true })
    mailbox.readSome(({ told }) => {
      mailbox.put({ told: tick, isWanted: () => true })
      return heard.push(told) > 0
    })
    expect(heard).toEqual([sent(1)])
    mailbox.readSome(({ told }) => heard.push(told) === 0)
    expect(heard).toEqual([sent(1), sent(2), tick])
  })

  it("is not empty before the last letter was read", async () => {
    const mailbox = makeMailbox()
    mailbox.put({ told: tick, isWanted: () => true })
    let read = false
    const emptied = Effect.runPromise(Effect.map(mailbox.emptied, () => read))
    mailbox.readSome(() => {
      read = true
      return true
    })
    expect(await emptied).toBe(true)
  })
})

describe("a signal", () => {
  it("wakes exactly those whose condition holds", async () => {
    const signal = makeSignal()
    let value = 0
    const woken: Array<number> = []
    const wait = (at: number) =>
      Effect.runPromise(
        Effect.map(
          signal.until(() => value >= at),
          () => woken.push(at),
        ),
      )
    const waits = [wait(1), wait(2)]
    value = 1
    signal.notify()
    await waits[0]
    expect(woken).toEqual([1])
    value = 2
    signal.notify()
    await waits[1]
    expect(woken).toEqual([1, 2])
  })
})

describe("reading for ever", () => {
  it("goes on after the last item taken when the broker fails, leaving nothing out", async () => {
    const { shell, close } = await makeTestShell()
    const opened: Array<number> = []
    const taken: Array<number> = []
    const open = (fromSeq: number) => {
      opened.push(fromSeq)
      if (opened.length === 1) return Stream.concat(Stream.make(numbered(1, 2), numbered(3)), Stream.fail(unavailable))
      return opened.length === 2 ? Stream.fail(unavailable) : Stream.concat(Stream.make(numbered(4)), Stream.never)
    }
    const unavailable = new BrokerUnavailable({ operation: "read", cause: "away" })
    shell.run(
      readForEver({
        what: "test",
        fromSeq: 1,
        open,
        take: (items) => Effect.sync(() => taken.push(...items.map(({ seq }) => seq))),
      }),
    )
    await until(() => taken.length === 4)
    expect(taken).toEqual([1, 2, 3, 4])
    expect(opened).toEqual([1, 4, 4])
    await close()
  })

  it("is told that it broke after all that it brought, where the stream may not be opened again unlooked at", async () => {
    const { shell, hear, close } = await makeTestShell()
    const read = async (stream: Stream.Stream<ReadonlyArray<{ readonly seq: number }>, BrokerUnavailable>, fruitless: number) => {
      let broken = false
      shell.run(
        readUntilBroken({
          what: "test",
          fruitless,
          stream,
          take: (items) => Effect.sync(() => shell.tell(sent(items.at(-1)?.seq ?? 0))),
          broke: () => {
            shell.tell({ _tag: "ReadingBroke" })
            broken = true
          },
        }),
      )
      await until(() => broken)
      return hear()
    }
    const failing = Stream.fail(new BrokerUnavailable({ operation: "read", cause: "away" }))
    expect(await read(Stream.concat(Stream.make(numbered(1, 2), numbered(3)), failing), 0)).toEqual([
      sent(2),
      sent(3),
      { _tag: "ReadingBroke" },
    ])
    expect(await read(Stream.make(numbered(4)), 0)).toEqual([sent(4), { _tag: "ReadingBroke" }])
    expect(await read(failing, 2)).toEqual([{ _tag: "ReadingBroke" }])
    await close()
  })

  it("drops what an earlier reading delivered once another was asked for", async () => {
    const { shell, hear, close } = await makeTestShell()
    const reading = makeReading(shell)
    const deliver = (seq: number) => (isCurrent: () => boolean) =>
      Effect.andThen(
        Effect.sync(() => shell.tellWhile(isCurrent, sent(seq))),
        Effect.never,
      )
    reading.start(deliver(500))
    reading.start(deliver(7))
    expect(hear()).toEqual([sent(7)])
    reading.start(deliver(8))
    reading.stop()
    expect(hear()).toEqual([])
    await close()
  })

  it("waits with the next array until the partition has heard the one before", async () => {
    const { shell, hear, close } = await makeTestShell()
    let pulled = 0
    const stream = Stream.fromEffectRepeat(Effect.sync(() => numbered(++pulled)))
    shell.run(
      readForEver({
        what: "test",
        fromSeq: 1,
        open: () => stream,
        take: () =>
          Effect.andThen(
            Effect.sync(() => shell.tell(tick)),
            shell.heard,
          ),
      }),
    )
    await until(() => pulled > 0)
    expect(hear()).toEqual([tick])
    await until(() => pulled > 1)
    expect(hear()).toEqual([tick])
    await close()
  })
})

describe("a conveyor", () => {
  it("carries in order, one load at a time, everything that gathered meanwhile", async () => {
    const { shell, close } = await makeTestShell()
    const signal = makeSignal()
    const loads: Array<ReadonlyArray<number>> = []
    let released = 0
    const put = makeConveyor<number>(shell, (things) => {
      loads.push(things)
      return signal.until(() => released >= loads.length)
    })
    const release = () => {
      released++
      signal.notify()
    }
    put(1)
    await until(() => loads.length === 1)
    put(2)
    put(3)
    release()
    await until(() => loads.length === 2)
    expect(loads).toEqual([[1], [2, 3]])
    await close()
  })
})
