import { describe, expect, it } from "vitest"
import { style } from "../../../sim/report/style.ts"

/** The colours of a theme: the first is the light one, then the dark one. */
const themes = [...style.matchAll(/:root\{(?:color-scheme:light dark;)?\s*(--page[^}]*)\}/g)].map(
  ([, names = ""]) => new Map([...names.matchAll(/--([\w-]+):(#[0-9a-f]+)/g)].map(([, name = "", colour = ""]) => [name, colour])),
)

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
  const cases = themes
    .slice(0, 2)
    .flatMap((theme, index) => [
      ...texts.map(([over, under]) => [index === 0 ? "light" : "dark", over, under, 4.5, theme] as const),
      ...shapes.map(([over, under]) => [index === 0 ? "light" : "dark", over, under, 3, theme] as const),
    ])
  it("are told once for light and once for dark", () => {
    expect(themes.length).toBeGreaterThanOrEqual(2)
    expect([...(themes[0]?.keys() ?? [])]).toEqual([...(themes[1]?.keys() ?? [])])
  })
  it.each(cases)("can be told apart in the %s theme: %s on %s, %d to 1", (_, over, under, least, theme) => {
    expect(contrast(theme.get(over) ?? "#000", theme.get(under) ?? "#000")).toBeGreaterThanOrEqual(least)
  })
  it("are used by names that exist", () => {
    const used = new Set([...style.matchAll(/var\(--([\w-]+)\)/g)].map(([, name]) => name))
    expect([...used].filter((name) => themes[0]?.has(name ?? "") !== true)).toEqual([])
    expect([...(themes[0]?.keys() ?? [])].filter((name) => !used.has(name))).toEqual([])
  })
})
