/**
 * What a defect is that the core once had: what caused it, what remedied it, and what takes the remedy out again.
 *
 * Kept apart from the mutants: those were invented to try the checkers, these happened.
 */
import type { SkuEngineCodec, SkuStep } from "../../src/kinds/sku/types.ts"
import type { FaultName } from "../faults/catalogue.ts"
import type { Substitution } from "../mutants/mutant.ts"
import type { Drawn, ProfileName } from "../profiles.ts"

export interface Defect {
  readonly name: string
  /** One sentence each. */
  readonly cause: string
  readonly remedy: string
  readonly foundBy: "seeds in step mode" | "small worlds" | "shell mode" | "reading"
  /** Checkers that may see it; the one named first is the first that is looked for. */
  readonly expected: ReadonlyArray<string>
  /** Where a seed that shows it is looked for. */
  readonly profile: ProfileName
  readonly families: ReadonlyArray<FaultName>
  readonly drawn: Partial<Drawn>
  /** Virtual milliseconds until all is healed, if faults have to go on after the sale. */
  readonly untilMs?: number

  // What takes the remedy out. Several ways may be combined.

  /** Lines of the engine, as they stood before. */
  readonly substituted?: ReadonlyArray<Substitution>
  /** Between the node and the shipped step. */
  readonly bent?: (step: SkuStep) => SkuStep
  /** What the workers read and write with. */
  readonly recoded?: (codec: SkuEngineCodec) => SkuEngineCodec
}
