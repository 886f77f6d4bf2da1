/**
 * Which archive a command reads or writes: the one its flag names, else the environment's, else none.
 */
import { readdir } from "node:fs/promises"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { folderArchiveReader } from "../archive/folder.ts"
import { archiveSettings, type ConfigInvalid, loadArchiveConfig } from "../config.ts"
import type { Kind } from "../domain/kinds.ts"
import { shownName } from "../domain/telling.ts"
import type { Archive } from "../ports/archive.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"

/** For commands that read archive and journal as one. */
export const archiveFlag = Flag.String("archive").pipe(
  Flag.withMetavar("FOLDER"),
  Flag.withDescription(`The archive that holds what was purged from the journals. Otherwise ${archiveSettings.folder.name}`),
  Flag.optional,
  Flag.map(Option.getOrNull),
)

/** The folder that is named; null: none. */
const namedFolder = (flag: string | null): Effect.Effect<string | null, ConfigInvalid> =>
  flag === null ? Effect.map(loadArchiveConfig, ({ folder }) => folder) : Effect.succeed(flag)

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

/** A folder that is there. One that isn't would be read as an archive that holds nothing, or made where nobody looks for it. `remedy`: what is said beside that it isn't there. */
const present = (folder: string, named: string, remedy: string): Effect.Effect<string, CommandFailed> =>
  Effect.tryPromise({
    try: () => readdir(folder),
    catch: (error) => usage(`${named}: ${shownName(folder)} ${whyNot(error)}${isMissing(error) ? remedy : ""}`),
  }).pipe(Effect.as(folder))

const isMissing = (error: unknown): boolean => error instanceof Error && Reflect.get(error, "code") === "ENOENT"

const whyNot = (error: unknown): string => {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined
  if (isMissing(error)) return "is not there"
  return code === "ENOTDIR" ? "is no folder" : `can't be read (${error instanceof Error ? error.message : String(error)})`
}

/** The folder, which has to be there. `spelled`: the flag that names it. */
export const presentFolder = (
  flag: string | null,
  spelled: string,
  remedy = "",
): Effect.Effect<string | null, ConfigInvalid | CommandFailed> =>
  Effect.flatMap(namedFolder(flag), (folder) =>
    folder === null ? Effect.succeed(null) : present(folder, flag === null ? archiveSettings.folder.name : spelled, remedy),
  )

/** The named archive of a kind to read from, or nothing: then what was purged can't be read, and whoever needs it says so. */
export const namedArchive = (
  flag: string | null,
  kind: Kind = "sku",
): Effect.Effect<Layer.Layer<Archive> | Layer.Layer<never>, ConfigInvalid | CommandFailed> =>
  Effect.map(presentFolder(flag, "--archive"), (folder) => (folder === null ? Layer.empty : folderArchiveReader({ folder, kind })))

/** For commands that are about the archive itself. */
export const folderFlag = Flag.String("dir").pipe(
  Flag.withMetavar("FOLDER"),
  Flag.withDescription(`Where the archive is. Otherwise ${archiveSettings.folder.name}`),
  Flag.optional,
  Flag.map(Option.getOrNull),
)

/** It has to be there, for a mistyped path would be a second archive: unless it may be made. `remedy`: what is said where it isn't. */
export const folderOf = (flag: string | null, { mayBeMade = false, remedy = "" } = {}) =>
  Effect.filterOrFail(
    mayBeMade ? namedFolder(flag) : presentFolder(flag, "--dir", remedy),
    (folder) => folder !== null,
    () => usage(`where is the archive? Name a folder with --dir or ${archiveSettings.folder.name}`),
  )
