/** INV-10: an array keeps its order. The journal decides all commands of a message, in the order of its body. */
import type { SkuMessageEntry } from "../../src/kinds/sku/types.ts"
import { sharedCodec } from "../substitutes/shared-codec.ts"
import { attemptOf, decidedAttempts } from "./attempts.ts"
import type { MakeChecker } from "./checker.ts"

const idsOf = ({ decided }: SkuMessageEntry): string => decided.map(({ command, named }) => command?.id ?? named?.id ?? "").join(" ")

export const arrayOrder: MakeChecker = ({ cluster, found, checked }) => {
  const arrays = new Map<string, string>()
  return {
    name: "array-order",
    published: (message) => {
      const attempt = attemptOf(message)
      const body = sharedCodec.decodeBody(message.body)
      if (attempt === null || body._tag === "Undecodable" || !body.array) return
      arrays.set(attempt, body.commands.map((decoded) => (decoded._tag === "Command" ? decoded.command.id : "")).join(" "))
    },
    finish: ({ lossy }) =>
      decidedAttempts(cluster, lossy, (attempt, entry, place) => {
        const ids = arrays.get(attempt)
        if (ids === undefined) return
        checked()
        if (ids === idsOf(entry)) return
        const detail = `${attempt} held ${ids}, and was decided as ${idsOf(entry)}`
        found({ class: "safety", signature: "an array decided out of order", detail, ...place })
      }),
  }
}
