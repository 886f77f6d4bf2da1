/**
 * What a planted defect is: which rule it loosens, which answer it bends or which line of which source it replaces, and who has to notice.
 */
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import type { IngressStep } from "../../src/ingress/step.ts"
import type { SkuStep } from "../../src/kinds/sku/types.ts"
import type { FaultName } from "../faults/catalogue.ts"
import type { Addressed } from "../nodes/reigns.ts"
import type { Drawn, ProfileName } from "../profiles.ts"

/** One place of one source, and what stands there instead. The pattern has to occur exactly once, or nothing is loaded. */
export interface Substitution {
  /** From the root of the repository: one of src/engine, src/ingress, src/kinds or src/domain. */
  readonly module: string
  readonly pattern: string
  /** May call `bites()`: the marker is imported into every source that is changed. */
  readonly replacement: string
}

/** How a defect is planted. Several ways may be combined. */
interface Planting {
  /** Rules swapped for the shipped ones; one that answers otherwise than the shipped one counts as a bite. */
  readonly loosened?: Partial<Omit<ProtocolRules, "checks">>
  /** Between the node and the shipped step: bends what goes in or what comes out. */
  readonly bent?: (step: SkuStep) => SkuStep
  /** The same at every ingress. */
  readonly bentDoor?: (step: IngressStep) => IngressStep
  /** How frames are addressed, if not to a reign. */
  readonly addressed?: Addressed
  /** Lines of the sources, replaced while these are loaded. */
  readonly substituted?: ReadonlyArray<Substitution>
}

export interface Mutant extends Planting {
  readonly name: string
  /** One sentence: what it does otherwise. */
  readonly breaks: string
  /** The guarantee, by its number in docs/INVARIANTS.md. */
  readonly guarantee: string
  /** Checkers of which one has to be among the failures. */
  readonly expected: ReadonlyArray<string>
  readonly profile: ProfileName
  /** Families of faults, where those that a seed draws would seldom let it bite. */
  readonly families?: ReadonlyArray<FaultName>
  readonly drawn?: Partial<Drawn>
  /** Seeds within which it has to be found. */
  readonly budget: number
}
