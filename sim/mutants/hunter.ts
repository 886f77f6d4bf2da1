/** One worker thread of the hunt: is told a mutant's name, hunts it, tells what came of it. */
import "effect/schema/SchemaJITCompiler/enable"
import { parentPort } from "node:worker_threads"
import { mutantNamed } from "./catalogue.ts"
import { type Hunted, hunt } from "./hunt.ts"

/** What a hunter is told. */
export interface Order {
  readonly name: string
  readonly seedBase: string
}

/** What it tells. */
export type Told =
  | { readonly _tag: "Hunted"; readonly hunted: Hunted }
  | { readonly _tag: "Failed"; readonly name: string; readonly cause: string }

const wallNowMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

const obey = async ({ name, seedBase }: Order): Promise<Told> => {
  try {
    return { _tag: "Hunted", hunted: await hunt(mutantNamed(name), { seedBase, wallNowMs }) }
  } catch (cause) {
    return { _tag: "Failed", name, cause: cause instanceof Error ? cause.message : String(cause) }
  }
}

parentPort?.on("message", (order: Order) => {
  obey(order).then((told) => parentPort?.postMessage(told))
})
