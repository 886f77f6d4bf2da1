/**
 * Loads a copy of the sources under src/ in which a mutant's lines are replaced, beside the shipped ones: the workers of a world run the copy, its
 * checkers and its auditor the shipped lines.
 *
 * A copy is told by a query in its URL, which everything under src/ that it imports inherits. The text is replaced before types are stripped, in
 * the loader of this thread; under a test runner that loads modules by itself there is no such loader, and loading a copy fails.
 */
import { registerHooks } from "node:module"
import type { makeIngressStep } from "../../src/ingress/step.ts"
import type { makeStep } from "../../src/kinds/sku/partition.ts"
import type { OrderEngine } from "../cluster.ts"
import type { Substitution } from "./mutant.ts"

const root = new URL("../../", import.meta.url).href
const marker = new URL("./marker.ts", import.meta.url).href
const query = "?mutant="

/** Substitutions by mutant. */
const planted = new Map<string, ReadonlyArray<Substitution>>()
/** Which modules of which mutant were loaded with their substitutions made. */
const changed = new Set<string>()
/** The mutant whose copy is being loaded: what this file imports meanwhile is of that copy. */
let planting: string | null = null
let isHooked = false

const mutantOf = (url: string | undefined): string | undefined => {
  const at = url?.indexOf(query) ?? -1
  return url === undefined || at < 0 ? undefined : url.slice(at + query.length)
}

/** A source with the substitutions made. Throws where a pattern doesn't occur exactly once: the source has changed under the mutant. */
export const substituted = (source: string, substitutions: ReadonlyArray<Substitution>): string => {
  let text = source
  for (const { module, pattern, replacement } of substitutions) {
    const times = text.split(pattern).length - 1
    if (times !== 1) throw new Error(`${module} has ${times} places that read "${pattern}", and a mutant needs one`)
    text = text.replace(pattern, () => replacement)
  }
  // On the first line, so that the lines keep their numbers.
  return `import { bites } from ${JSON.stringify(marker)};${text}`
}

const hook = (): void => {
  if (isHooked) return
  isHooked = true
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const mutant = context.parentURL === import.meta.url && planting !== null ? planting : mutantOf(context.parentURL)
      const isOurs = resolved.url.startsWith(`${root}src/`) && mutantOf(resolved.url) === undefined
      return mutant === undefined || !isOurs ? resolved : { ...resolved, url: `${resolved.url}${query}${mutant}` }
    },
    load: (url, context, next) => {
      const loaded = next(url, context)
      const mutant = mutantOf(url) ?? ""
      const module = url.slice(root.length, url.indexOf("?"))
      const substitutions = (planted.get(mutant) ?? []).filter((one) => one.module === module)
      if (substitutions.length === 0 || loaded.source == null) return loaded
      const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source)
      changed.add(`${mutant} ${module}`)
      return { ...loaded, source: substituted(source, substitutions) }
    },
  })
}

/** Loads a mutant's copy of the engine, the ingress and the domain, once. Rejects if a source doesn't fit, or was never loaded. One at a time. */
export const loadCopy = async (
  mutant: string,
  substitutions: ReadonlyArray<Substitution>,
): Promise<{
  readonly makeStep: typeof makeStep
  readonly orderEngine: OrderEngine
  readonly makeIngressStep: typeof makeIngressStep
}> => {
  hook()
  planted.set(mutant, substitutions)
  planting = mutant
  try {
    const step = await import("../../src/kinds/sku/partition.ts")
    const { orderKind: kind } = await import("../../src/kinds/order/kind.ts")
    const engine = await import("../../src/engine/step.ts")
    const door = await import("../../src/ingress/step.ts")
    for (const { module } of substitutions)
      if (!changed.has(`${mutant} ${module}`)) throw new Error(`${module} was loaded without what mutant ${mutant} changes in it`)
    const orderEngine: OrderEngine = { kind, makeStep: engine.makeStep }
    return { makeStep: step.makeStep, orderEngine, makeIngressStep: door.makeIngressStep }
  } finally {
    planting = null
  }
}
