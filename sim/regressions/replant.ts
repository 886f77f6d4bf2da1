/**
 * Plants a defect that the core once had, or a mutant, by name: what a stored world is played with to see that it still shows it.
 */
import { mutantNamed, mutants } from "../mutants/catalogue.ts"
import { plantMutant } from "../mutants/hunt.ts"
import { loadCopy } from "../mutants/substitute.ts"
import type { RunOptions } from "../run.ts"
import { sharedCodec } from "../substitutes/shared-codec.ts"
import type { Defect } from "./defect.ts"
import { defects } from "./defects.ts"

/** What a world is run with so that its workers have the defect; `families` and `drawn` say where to look for one that shows it. */
export type Replanted = Pick<
  RunOptions,
  "profile" | "mutant" | "codec" | "engine" | "rules" | "stepOf" | "ingressStep" | "addressed" | "families" | "drawn" | "untilMs"
>

export interface Plantable {
  readonly name: string
  readonly cause: string
  readonly remedy: string
  readonly foundBy: string
  readonly expected: ReadonlyArray<string>
  readonly plant: () => Promise<Replanted>
}

const plantDefect = async ({ name, profile, families, drawn, untilMs, substituted = [], bent, recoded }: Defect): Promise<Replanted> => {
  const engine = substituted.length === 0 ? null : (await loadCopy(name, substituted)).makeStep
  return {
    profile,
    mutant: name,
    families: new Set(families),
    drawn,
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(engine === null ? {} : { engine }),
    ...(bent === undefined ? {} : { stepOf: (_worker, step) => bent(step) }),
    ...(recoded === undefined ? {} : { codec: recoded(sharedCodec) }),
  }
}

/** The defect, or else the mutant, of that name. Throws with those there are if there is none. */
export const plantableNamed = (name: string): Plantable => {
  const defect = defects.find((known) => known.name === name)
  if (defect !== undefined) return { ...defect, plant: () => plantDefect(defect) }
  const names = [...defects, ...mutants].map((known) => known.name)
  if (!names.includes(name)) throw new Error(`there is no defect and no mutant ${name}; there are ${names.join(", ")}`)
  const mutant = mutantNamed(name)
  const { breaks, expected } = mutant
  const cause = `A planted defect that ${breaks}.`
  return { name, cause, remedy: "The shipped line.", foundBy: "planted", expected, plant: () => plantMutant(mutant) }
}
