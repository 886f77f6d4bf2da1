/** Folders that somebody names: made with what is missing above them, left as they are, and refused with the reason. */
import { mkdir, mkdtempDisposable, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { makeFolder } from "../src/make-folder.ts"

const isFolder = async (path: string) => (await stat(path)).isDirectory()

it("makes those above it too, with the mode that is asked for", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-folder-"))
  const path = join(folder.path, "a", "b", "c")
  await makeFolder(path, 0o700)
  expect(await isFolder(path)).toBe(true)
  expect((await stat(path)).mode & 0o777).toBe(0o700)
  expect((await stat(join(folder.path, "a"))).mode & 0o777).toBe(0o700)
})

it("leaves one that is there as it is, also where another makes it at the same moment", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-folder-"))
  await mkdir(join(folder.path, "there"), { mode: 0o750 })
  await makeFolder(join(folder.path, "there"), 0o700)
  expect((await stat(join(folder.path, "there"))).mode & 0o777).toBe(0o750)
  const path = join(folder.path, "x", "y")
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)))
  expect(await isFolder(path)).toBe(true)
})

it("says so where a file is in the way, at its place or above it", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-folder-"))
  const file = join(folder.path, "file")
  await writeFile(file, "")
  await expect(makeFolder(file)).rejects.toThrow(`${file} is a file and no folder`)
  await expect(makeFolder(join(file, "below"))).rejects.toThrow("ENOTDIR")
})
