import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { style } from "../../../sim/report/style.ts"

/** Every colour by its name, of light and of dark. */
const colours = [...style.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]+),\s*(#[0-9a-f]+)\)/g)].map(
  ([, name = "", light = "", dark = ""]) => ({ name, light, dark }),
)
const themes = (["light", "dark"] as const).map((theme) => new Map(colours.map((colour) => [colour.name, colour[theme]])))

const channelsOf = (colour: string): ReadonlyArray<number> => {
  const full = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join("") : colour.slice(1)
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255)
}

/** Relative luminance as WCAG 2 defines it. */
const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = channelsOf(colour).map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const contrast = (a: string, b: string): number => {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

/** What stands on what. */
const texts = [
  ["ink", "card"],
  ["ink", "page"],
  ["muted", "card"],
  ["muted", "page"],
  ["muted", "faint"],
  ["accent", "card"],
  ["accent", "page"],
  ["good", "card"],
  ["good", "good-soft"],
  ["bad", "card"],
  ["bad", "bad-soft"],
  ["warn", "card"],
  ["warn", "warn-soft"],
  ["ink", "bad-soft"],
  ["ink", "warn-soft"],
  ["ink", "mark"],
  ["heal", "card"],
  ["serving-ink", "serving"],
] as const
/** What is seen by its shape. */
const shapes = [
  ["accent", "card"],
  ["second", "card"],
  ["reserved", "card"],
  ["serving", "lane"],
  ["crash", "card"],
  ["pause", "card"],
  ["tick-fault", "card"],
] as const

describe("the colours of the page", () => {
  const cases = themes.flatMap((theme, index) => [
    ...texts.map(([over, under]) => [index === 0 ? "light" : "dark", over, under, 4.5, theme] as const),
    ...shapes.map(([over, under]) => [index === 0 ? "light" : "dark", over, under, 3, theme] as const),
  ])
  it("are told once, for light and for dark, in the common look and beside it", () => {
    const names = colours.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(["page", "lane"]))
  })
  it.each(cases)("can be told apart in the %s theme: %s on %s, %d to 1", (_, over, under, least, theme) => {
    expect(contrast(theme.get(over) ?? "#000", theme.get(under) ?? "#000")).toBeGreaterThanOrEqual(least)
  })
  it("are used by names that exist", () => {
    const used = new Set([...style.matchAll(/var\(--([\w-]+)\)/g)].map(([, name]) => name))
    expect([...used].filter((name) => themes[0]?.has(name ?? "") !== true)).toEqual([])
  })
})

it("holds the look of a gateway's page as it stands in its file, before what is the report's own", () => {
  expect(style.startsWith(readFileSync(new URL("../../../src/page/look.css", import.meta.url), "utf8"))).toBe(true)
})
