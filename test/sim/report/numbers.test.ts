import { describe, expect, it } from "vitest"
import { counted, duration, moment, percent, plural, ratio, spelled } from "../../../sim/report/numbers.ts"

describe("numbers as people read them", () => {
  it.each([
    [counted(0), "0"],
    [counted(1_234_567), "1,234,567"],
    [counted(999.96), "1,000"],
    [counted(12.34), "12.3"],
    [counted(-1_234), "−1,234"],
    [counted(-0.01), "0"],
    [counted(Number.NaN), "–"],
    [plural(1, "seed"), "1 seed"],
    [plural(0, "seed"), "0 seeds"],
    [plural(2, "crash", "crashes"), "2 crashes"],
    [duration(0), "0 ms"],
    [duration(340), "340 ms"],
    [duration(12_345), "12.3 s"],
    [duration(59_999), "1 min"],
    [duration(245_000), "4 min 5 s"],
    [duration(3_599_900), "1 h"],
    [duration(11_520_000), "3 h 12 min"],
    [duration(86_399_999), "1 d"],
    [duration(11 * 86_400_000 + 14_400_000), "11 d 4 h"],
    [duration(-5_000), "−5 s"],
    [duration(Number.POSITIVE_INFINITY), "–"],
    [spelled(86_400_000_000, "simulated"), "1,000 simulated days"],
    [spelled(90_000_000, "simulated"), "25 simulated hours"],
    [spelled(1_000, "simulated"), "1 simulated second"],
    [moment(12_345), "12.345 s"],
    [moment(5), "0.005 s"],
    [ratio(10_000, 0), "–"],
    [ratio(1_000_000, 400), "2,500"],
    [percent(1, 2_000), "under 0.1 %"],
    [percent(1, 3), "33 %"],
    [percent(0, 0), "0 %"],
  ])("are written as %s", (found, expected) => expect(found).toBe(expected))
})
