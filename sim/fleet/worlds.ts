/**
 * Which worlds a suite is made of: those of a profile, those that a planted defect is hunted in, or the shell's; and what a seed of them draws before
 * its first step.
 */
import { mutantNamed } from "../mutants/catalogue.ts"
import { drawOptions, type ProfileName, profiles } from "../profiles.ts"
import { drawShell } from "../shell/drawn.ts"

/** `mutant`: by its name; its worlds are of its own profile. `shell`: the shipped runtime in place of the profile's nodes. */
export interface WorldKind {
  readonly profile: ProfileName
  readonly mutant: string | null
  readonly shell: boolean
}

/** The name of the suite, where its profile stands. */
export const suiteNameOf = ({ profile, shell }: WorldKind): string => (shell ? "shell" : profile)

/** All that a seed draws before its first step, and the families of faults that are on. */
export const drawnOf = (
  seed: string,
  { profile, mutant, shell }: WorldKind,
): { readonly drawn: Readonly<Record<string, number | string | boolean>>; readonly families: ReadonlyArray<string> } => {
  if (shell) {
    const { drawn, families } = drawShell(seed)
    return { drawn: { ...drawn }, families }
  }
  const { drawn, families } = drawOptions(seed, profiles[profile])
  const planted = mutant === null ? null : mutantNamed(mutant)
  return { drawn: { ...drawn, ...planted?.drawn }, families: [...(planted?.families ?? families)] }
}
