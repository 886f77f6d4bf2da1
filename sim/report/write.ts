/**
 * The only place of the report that writes to the disk: the page and its JSON, whole or not at all.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import type { SuiteReport } from "../result.ts"
import { suiteHtml } from "./page.ts"

const pageName = "index.html"
const jsonName = "suite.json"

/** Makes a folder and those above it that aren't there, one by one: told to do so itself, Node tries for ever where a file system refuses with "no such folder". */
const makeFolder = (folder: string): void => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  if (dirname(folder) !== folder) makeFolder(dirname(folder))
  mkdirSync(folder)
}

const because = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/**
 * Makes the folder, if it isn't there, and proves that files can be written and renamed in it: called before anything is run, so that hours of seeds
 * are not lost to a wrong path. Leaves nothing in the folder. Throws an Error whose message names the folder and says what to do.
 */
export const prepareReportFolder = (folder: string): void => {
  try {
    makeFolder(resolve(folder))
    const taken = [pageName, jsonName].find((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
    if (taken !== undefined) throw new Error(`${taken} is a folder there`)
    const probe = mkdtempSync(join(folder, ".holdfast-report-"))
    try {
      writeFileSync(join(probe, "probe"), "")
      renameSync(join(probe, "probe"), join(probe, "renamed"))
    } finally {
      rmSync(probe, { recursive: true, force: true })
    }
  } catch (cause) {
    throw new Error(
      `No report can be written to the folder ${resolve(folder)}: ${because(cause)}. Name a folder that you may write to, or one that does not exist yet in such a folder.`,
      { cause },
    )
  }
}

/**
 * Writes `index.html` and `suite.json` into the folder and gives their paths. Both are written under another name first and renamed: a reader finds
 * the old report or the new one, never a half. Throws as `prepareReportFolder` does.
 */
export const writeReport = (folder: string, report: SuiteReport): { readonly page: string; readonly json: string } => {
  prepareReportFolder(folder)
  const page = join(resolve(folder), pageName)
  const json = join(resolve(folder), jsonName)
  const draft = mkdtempSync(join(folder, ".holdfast-report-"))
  try {
    writeFileSync(join(draft, jsonName), `${JSON.stringify(report)}\n`)
    writeFileSync(join(draft, pageName), suiteHtml(report))
    renameSync(join(draft, jsonName), json)
    renameSync(join(draft, pageName), page)
  } catch (cause) {
    throw new Error(
      `The report could not be written to the folder ${resolve(folder)}: ${because(cause)}. Make room there, or name another folder.`,
      {
        cause,
      },
    )
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return { page, json }
}
