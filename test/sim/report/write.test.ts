import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { prepareReportFolder, writeReport } from "../../../sim/report/write.ts"
import { emptySuite } from "./invented-suite.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-report-test-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("writing a report", () => {
  it("makes the folder and leaves the page and its JSON there, nothing else", () => {
    const target = join(folder, "a", "b")
    const { page, json } = writeReport(target, emptySuite())
    expect(readdirSync(target).sort()).toEqual(["index.html", "suite.json"])
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
    expect(JSON.parse(readFileSync(json, "utf8"))).toEqual(emptySuite())
  })

  it("replaces an older report", () => {
    writeReport(folder, emptySuite({ commit: "older" }))
    const { json } = writeReport(folder, emptySuite({ commit: "newer" }))
    expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({ commit: "newer" })
    expect(readdirSync(folder).sort()).toEqual(["index.html", "suite.json"])
  })

  it("leaves nothing half-written when the report can't be made", () => {
    const faults: Record<string, number> = {}
    Object.defineProperty(faults, "a", {
      enumerable: true,
      get: () => {
        throw new Error("no number")
      },
    })
    expect(() => writeReport(folder, emptySuite({ faults }))).toThrow(`could not be written to the folder ${folder}`)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe("preparing the folder of a report", () => {
  it("makes it and leaves it empty", () => {
    const target = join(folder, "new")
    prepareReportFolder(target)
    expect(readdirSync(target)).toEqual([])
  })

  it("names the folder and what to do when it can't be made", () => {
    const file = join(folder, "file")
    writeFileSync(file, "")
    const target = join(file, "report")
    expect(() => prepareReportFolder(target)).toThrow(target)
    expect(() => prepareReportFolder(target)).toThrow("Name a folder that you may write to")
    expect(existsSync(target)).toBe(false)
  })

  it("refuses a folder in which the page's name is taken by a folder", () => {
    mkdirSync(join(folder, "index.html"))
    expect(() => prepareReportFolder(folder)).toThrow("index.html is a folder there")
  })
})
