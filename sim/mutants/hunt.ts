/**
 * Hunts a mutant: plays seeds with it until a checker that has to notice does, then plays the killing seed with the shipped code, which must be
 * green, or the kill proves nothing.
 */
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { makeIngressStep } from "../../src/ingress/step.ts"
import type { SkuStep } from "../../src/kinds/sku/types.ts"
import { ingressCodec } from "../nodes/ingress.ts"
import type { MutantLine, SeedResult } from "../result.ts"
import { type RunOptions, runSeed } from "../run.ts"
import { sharedCodec } from "../substitutes/shared-codec.ts"
import { bites, bitesCounted, forgetBites } from "./marker.ts"
import type { Mutant } from "./mutant.ts"
import { loadCopy } from "./substitute.ts"

/** What a seed is run with so that its workers and ingresses have the defect; the same without steps, rules and addresses is the shipped code. */
export type Planted = Pick<
  RunOptions,
  "profile" | "mutant" | "rules" | "stepOf" | "orderEngine" | "ingressStep" | "addressed" | "families" | "drawn"
>

/** What the hunt of one mutant came to. */
export interface Hunted extends MutantLine {
  readonly seedsRun: number
  readonly wallMs: number
  /** Seeds that the shipped code failed too: they don't count as kills, and show a defect of the shipped code. */
  readonly unproven: ReadonlyArray<{ readonly seed: string; readonly checker: string; readonly detail: string }>
  /** Checkers that failed and were not expected to, each once. */
  readonly alsoFailed: ReadonlyArray<string>
}

type Rule = (...given: ReadonlyArray<never>) => unknown

/** The shipped rules with some loosened; each answer that the shipped rule would not have given counts. */
const loosened = (changes: NonNullable<Mutant["loosened"]>): ProtocolRules => {
  const rules: Record<string, unknown> = { ...protocolRules }
  for (const [name, loose] of Object.entries(changes)) {
    const shipped = rules[name] as Rule
    rules[name] = (...given: ReadonlyArray<never>) => {
      const answer = (loose as Rule)(...given)
      if (answer !== shipped(...given)) bites()
      return answer
    }
  }
  // The cast is sound: every field is the shipped one or has its type, which Object.entries doesn't keep.
  return rules as unknown as ProtocolRules
}

/** What makes the workers of a world run the mutant. */
export const plantMutant = async (mutant: Mutant): Promise<Planted> => {
  const { name, profile, families, drawn, substituted = [], bent, bentDoor, addressed } = mutant
  const rules = mutant.loosened === undefined ? protocolRules : loosened(mutant.loosened)
  const world = {
    profile,
    mutant: name,
    ...(families === undefined ? {} : { families: new Set(families) }),
    // Orders are for the defects that are about them: what others need of a seed stays as it is.
    drawn: { ...(profile === "orders" || profile === "slow-orders" ? {} : { orderPartitions: 0 }), ...drawn },
    ...(addressed === undefined ? {} : { addressed }),
  }
  if (substituted.length === 0)
    return {
      ...world,
      rules,
      ...(bent === undefined ? {} : { stepOf: (_worker: number, step: SkuStep): SkuStep => bent(step) }),
      ...(bentDoor === undefined ? {} : { ingressStep: bentDoor(makeIngressStep(ingressCodec)) }),
    }
  const copy = await loadCopy(name, substituted)
  const mutated = copy.makeStep({ codec: sharedCodec, rules })
  return {
    ...world,
    rules,
    stepOf: () => bent?.(mutated) ?? mutated,
    orderEngine: copy.orderEngine,
    ingressStep: copy.makeIngressStep(ingressCodec),
  }
}

export interface HuntOptions {
  /** Seeds are named `<seedBase>-<mutant>-<number>`. */
  readonly seedBase: string
  /** At most so many seeds; the mutant's own budget if it is less. */
  readonly budget?: number
  /** Milliseconds of this machine. */
  readonly wallNowMs: () => number
  /** Told of every seed that was played with the mutant. */
  readonly onSeed?: (result: SeedResult) => void
}

/** Plays seeds until the mutant is killed, or its budget is spent. */
export const hunt = async (mutant: Mutant, options: HuntOptions): Promise<Hunted> => {
  const { wallNowMs } = options
  const startedMs = wallNowMs()
  const budget = Math.min(mutant.budget, options.budget ?? mutant.budget)
  const planted = await plantMutant(mutant)
  const {
    rules: _rules,
    stepOf: _stepOf,
    orderEngine: _orders,
    ingressStep: _door,
    addressed: _addressed,
    mutant: _name,
    ...shipped
  } = planted
  const unproven: Array<Hunted["unproven"][number]> = []
  const alsoFailed = new Set<string>()
  let killed: { readonly seed: string; readonly by: string } | null = null
  let seedsRun = 0
  forgetBites()
  while (killed === null && seedsRun < budget) {
    const seed = `${options.seedBase}-${mutant.name}-${++seedsRun}`
    const result = runSeed({ ...planted, seed, wallNowMs })
    options.onSeed?.(result)
    // The one named first says best what is wrong.
    const by = mutant.expected.find((name) => result.failures.some(({ checker }) => checker === name))
    for (const { checker } of result.failures) if (!mutant.expected.includes(checker)) alsoFailed.add(checker)
    if (by === undefined) continue
    const [failure] = runSeed({ ...shipped, seed, wallNowMs }).failures
    if (failure === undefined) killed = { seed, by }
    else unproven.push({ seed, checker: failure.checker, detail: failure.detail })
  }
  return {
    name: mutant.name,
    breaks: mutant.breaks,
    expected: mutant.expected,
    seedsToKill: killed === null ? null : seedsRun,
    killedBy: killed?.by ?? null,
    seed: killed?.seed ?? null,
    budget,
    marker: bitesCounted(),
    seedsRun,
    wallMs: wallNowMs() - startedMs,
    unproven,
    alsoFailed: [...alsoFailed],
  }
}
