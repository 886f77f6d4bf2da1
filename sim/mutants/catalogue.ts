/**
 * Every planted defect: the classes that are known from other systems, as far as this design has a subject for them, and every rule of the protocol
 * loosened. Each has to be found, by a checker that is named before.
 */
import { bent } from "./bent.ts"
import { canary } from "./canary.ts"
import { door } from "./door.ts"
import { facts } from "./facts.ts"
import { impolite } from "./impolite.ts"
import { lines } from "./lines.ts"
import { loosened } from "./loosened.ts"
import { memory } from "./memory.ts"
import type { Mutant } from "./mutant.ts"
import { orders } from "./orders.ts"
import { settledOrders } from "./settled-orders.ts"
import { standing } from "./standing.ts"

/** The canary first: if it isn't found, the rest says nothing. */
export const mutants: ReadonlyArray<Mutant> = [
  canary,
  ...lines,
  ...bent,
  ...loosened,
  ...door,
  ...facts,
  ...memory,
  ...impolite,
  ...standing,
  ...orders,
  ...settledOrders,
]

/** The mutant of that name. Throws with the known ones if there is none. */
export const mutantNamed = (name: string): Mutant => {
  const found = mutants.find((mutant) => mutant.name === name)
  if (found !== undefined) return found
  throw new Error(`there is no mutant ${name}; there are ${mutants.map((mutant) => mutant.name).join(", ")}`)
}
