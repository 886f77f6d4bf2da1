/** What the conformance cases themselves have to be, apart from any server: if one and three are said to differ, their answers must. */
import { describe, expect, it } from "vitest"
import { conformanceCases } from "../../../sim/conformance/cases.ts"
import { playOnModel } from "../../../sim/conformance/model.ts"

describe("the conformance cases", () => {
  it("have a name of their own each", () => {
    const names = conformanceCases.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it("allow several outcomes rarely", () => {
    expect(conformanceCases.filter(({ races }) => races !== undefined).length).toBeLessThanOrEqual(2)
  })

  for (const played of conformanceCases.filter(({ only }) => only === undefined)) {
    it(`${played.differs ? "differ" : "do not differ"} between one server and three: ${played.name}`, () => {
      const [one, three] = [playOnModel(played, 1), playOnModel(played, 3)]
      if (played.differs) expect(one).not.toEqual(three)
      else expect(one).toEqual(three)
    })
  }
})
