/** What is wrong with a stored world, in sentences that say what to do about it. */
import type { Failure } from "../result.ts"
import type { Regression } from "./regression.ts"

type Seen = ReadonlyArray<Pick<Failure, "checker" | "signature" | "detail">>

/** What the failures with the defect and those of the shipped code say; empty if the world shows its defect and the shipped code passes it. */
export const wrongWith = ({ name, world }: Regression, defective: Seen, shipped: Seen): ReadonlyArray<string> => {
  const { checker, signature } = world
  const isSeen = defective.some((failure) => failure.checker === checker && failure.signature === signature)
  const unseen = [
    `${name}: with the defect replanted its world no longer fails by ${checker}, "${signature}".`,
    `If something in the simulator is drawn otherwise, make the world anew: node sim/regressions/make.ts ${name}.`,
    "If a checker or the engine was changed, find out first why it is no longer seen.",
  ]
  const failed = shipped.map((failure) => `${failure.checker}: ${failure.detail}`)
  return [
    ...(isSeen ? [] : [unseen.join(" ")]),
    ...(failed.length === 0 ? [] : [`${name}: the shipped code fails its world, as it once did: ${failed.join("; ")}`]),
  ]
}
