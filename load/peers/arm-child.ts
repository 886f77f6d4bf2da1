/**
 * The process of an arm, seen from the bench: started, asked one thing after another, and ended with all that it started.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { endsWithUs } from "../stage/ends-with-us.ts"
import type { ArmName } from "./arms.ts"
import type { ArmSetup, Checked, Count, FromArm, ToArm } from "./messages.ts"

/** Why an arm is out: it can't run here, or it failed. */
export class ArmOut extends Error {
  override readonly name = "ArmOut"
  readonly canRunHere: boolean

  constructor(why: string, canRunHere: boolean) {
    super(why)
    this.canRunHere = canRunHere
  }
}

/** Seconds for counting a million SKUs, on a busy machine. */
const checkSecondsMax = 120

const outOfPatience = (): Promise<never> =>
  new Promise((_, reject) => {
    const late = () => reject(new ArmOut(`what it sold could not be counted within ${checkSecondsMax} s`, true))
    setTimeout(late, checkSecondsMax * 1_000).unref()
  })

export class ArmChild {
  readonly arm: ArmName
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #hasEnded: ArmOut | null = null
  #waiting: Array<{ readonly resolve: (answer: FromArm) => void; readonly reject: (error: Error) => void }> = []

  /** `folder`: for the temporary files of its servers. */
  constructor(arm: ArmName, folder: string) {
    this.arm = arm
    // In its own process group: Ctrl-C reaches the bench, which then ends it.
    this.#child = endsWithUs(
      fork(fileURLToPath(new URL("./arm-process.ts", import.meta.url)), {
        detached: true,
        env: { ...process.env, TMPDIR: folder },
      }),
    )
    this.#child.on("message", (answer) => this.#waiting.shift()?.resolve(answer as FromArm))
    this.#ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#hasEnded = new ArmOut(`its process ended with ${code ?? signal}: what it said stands above`, true)
        for (const { reject } of this.#waiting) reject(this.#hasEnded)
        resolve()
      })
    })
  }

  async #ask(message: ToArm): Promise<FromArm> {
    if (this.#hasEnded !== null) throw this.#hasEnded
    const answer = await new Promise<FromArm>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.send(message, (error) => (error === null ? undefined : reject(error)))
    })
    if (answer._tag === "NotHere" || answer._tag === "Failed") throw new ArmOut(answer.why, answer._tag === "Failed")
    return answer
  }

  /** Rejects with ArmOut, as all that follows. */
  async setUp(setup: ArmSetup): Promise<void> {
    await this.#ask({ _tag: "Setup", setup })
  }

  async measure(asked: Omit<Extract<ToArm, { readonly _tag: "Measure" }>, "_tag">): Promise<Count> {
    const answer = await this.#ask({ _tag: "Measure", ...asked })
    if (answer._tag !== "Counted") throw new ArmOut("it did not count", true)
    return answer.count
  }

  async check(): Promise<Checked> {
    const answer = await Promise.race([this.#ask({ _tag: "Check" }), outOfPatience()])
    if (answer._tag !== "Checked") throw new ArmOut("it did not check", true)
    return answer.checked
  }

  /** Ends it and its servers, whatever it is doing. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#ended
  }
}
