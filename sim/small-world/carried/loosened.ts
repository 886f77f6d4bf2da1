/**
 * Rules of carried commands left out, and the small world in which each is missed: what the exploration is worth.
 */
import { type CarryRules, carryRules } from "./rules.ts"

export interface CarriedLoosened {
  readonly name: string
  readonly rules: CarryRules
  /** The name of the small world that shows what the rule is for. */
  readonly world: string
  /** How the property that breaks begins. */
  readonly breaks: string
}

const loosen = (name: string, change: Partial<CarryRules>, world: string, breaks: string): CarriedLoosened => ({
  name,
  rules: { ...carryRules, ...change },
  world,
  breaks,
})

/** The part of a carried command's id that names its order, and its SKU: all that a return is told by where that rule is left out. */
const whose = (id: string): string => `${id.slice(0, id.indexOf("/"))}${id.slice(id.indexOf(":"))}`

export const carriedLoosened: ReadonlyArray<CarriedLoosened> = [
  loosen(
    "commands sent before their record is confirmed",
    { sendsConfirmed: false },
    "order, payment against expiry",
    "no unit for nobody",
  ),
  loosen(
    "a decision said before the SKU's record is confirmed",
    { saysConfirmed: false },
    "order, payment against expiry",
    "what came back was decided",
  ),
  loosen("what is under way not asked for again", { asksAgain: false }, "order, payment against expiry", "nothing is forgotten"),
  loosen("a SKU that does not remember what it decided", { remembers: false }, "order, payment against expiry", "one picture"),
  loosen(
    "a floor from records, whatever is under way",
    { floorOf: "newest" },
    "order, payment against expiry",
    "what came back was decided",
  ),
  loosen("a floor from a record in flight", { floorOf: "in flight" }, "order, payment against expiry", "what came back was decided"),
  loosen(
    "ids without the event",
    { idOf: (order, _event, _place, { type }) => `${order}/${type}` },
    "order, cancel against confirm",
    "one picture",
  ),
  loosen(
    "a return taken for whatever is under way to its SKU",
    { takesReturnOf: (underWay, id) => whose(underWay.id) === whose(id) },
    "order, payment against expiry",
    "an actor stands on its own feet",
  ),
  loosen("nothing given back", { givesBack: false }, "order, last units", "no unit for nobody"),
  loosen("orders not told of their lines", { tells: false }, "order, facts on lines", "one picture"),
  loosen("a SKU's hold without the grace", { grace: false }, "order, payment against expiry", "payment wins"),
]
