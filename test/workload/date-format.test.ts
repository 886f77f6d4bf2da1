import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { dateFormat } from "../../src/workload/date-format.ts"

const parsed = (format: string, text: string): number | undefined => {
  const compiled = dateFormat(format)
  if (compiled._tag === "DateFormatUnknown") throw new Error(compiled.detail)
  return compiled.parse(text)
}

const utc = (text: string): number => new Date(text).getTime()

describe("date format", () => {
  it.each([
    ["D/M/YYYY", "1/12/2010", "2010-12-01T00:00:00Z"],
    ["D/M/YYYY H:mm", "1/12/2010 8:26", "2010-12-01T08:26:00Z"],
    ["M/D/YY H:mm", "12/1/10 8:26", "2010-12-01T08:26:00Z"],
    ["YYYY-MM-DD", "2024-02-29", "2024-02-29T00:00:00Z"],
    ["YYYY-MM-DDTHH:mm:ss", "2024-02-29T23:59:58", "2024-02-29T23:59:58Z"],
    ["YYYY-MM-DDTHH:mm:ss.SSSZ", "2024-02-29T23:59:58.007Z", "2024-02-29T23:59:58.007Z"],
    ["YYYY-MM-DD HH:mm:ss Z", "2024-03-01 00:30:00 +0100", "2024-02-29T23:30:00Z"],
    ["YYYY-MM-DDTHH:mm:ssZ", "2024-02-29T20:00:00-05:30", "2024-03-01T01:30:00Z"],
    ["D [of] MMM YYYY", "5 of Dec 2010", "2010-12-05T00:00:00Z"],
    ["M/D/YYYY h:mm A", "12/1/2010 12:05 am", "2010-12-01T00:05:00Z"],
    ["M/D/YYYY hh:mm A", "12/1/2010 12:05 PM", "2010-12-01T12:05:00Z"],
    ["YYYYMMDD", "20101205", "2010-12-05T00:00:00Z"],
    ["DD.MM.YY", "31.12.99", "1999-12-31T00:00:00Z"],
  ])("reads %s from %s", (format, text, meant) => {
    expect(parsed(format, text)).toBe(utc(meant))
  })

  it.each([
    ["D/M/YYYY", "31/4/2010"],
    ["D/M/YYYY", "29/2/2023"],
    ["D/M/YYYY", "29/2/2100"],
    ["D/M/YYYY", "12/31/2010"],
    ["D/M/YYYY", "0/1/2010"],
    ["D/M/YYYY", "1/12/2010 8:26"],
    ["D/M/YYYY", "1-12-2010"],
    ["D/M/YYYY", "1/12/10"],
    ["D/M/YYYY", ""],
    ["DD.MM.YYYY", "1.12.2010"],
    ["DD.MM.YYYY", "01x12x2010"],
    ["YYYY-MM-DD", "1969-12-31"],
    ["YYYY-MM-DD", "1970-01-01"],
    ["D/M/YYYY H:mm", "1/12/2010 24:00"],
    ["D/M/YYYY H:mm", "1/12/2010 8:60"],
    ["D/M/YYYY h:mm A", "1/12/2010 13:00 PM"],
    ["D MMM YYYY", "1 Dez 2010"],
    ["YYYY-MM-DDZ", "2010-12-01+15:00"],
    ["YYYY-MM-DDZ", "1970-01-01+01:00"],
  ])("finds no date of the format %s in %j", (format, text) => {
    expect(parsed(format, text)).toBeUndefined()
  })

  it.each([
    ["DD.MM.JJJJ", '"J" is no token'],
    ["D/M/YYYY q", '"q" is no token'],
    ["M/YYYY", "no day"],
    ["D/YYYY", "no month"],
    ["D/M", "no year"],
    ["D/M/YYYY YY", "same part twice"],
    ["D/D/M/YYYY", "same part twice"],
    ["D/M/YYYY h:mm", "need each other"],
    ["", "no year"],
  ])("refuses the format %j", (format, why) => {
    const compiled = dateFormat(format)
    expect(compiled._tag === "DateFormatUnknown" && compiled.detail).toContain(why)
  })

  it("agrees with the calendar on every day and second", () => {
    const { parse } = dateFormat("YYYY-MM-DDTHH:mm:ss.SSSZ") as Extract<ReturnType<typeof dateFormat>, { _tag: "DateFormat" }>
    fc.assert(
      fc.property(fc.date({ min: new Date(1), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }), (date) => {
        expect(parse(date.toISOString())).toBe(date.getTime())
      }),
    )
  })
})
