/**
 * Which archive a command reads or writes: the one its flag names, else the environment's, else none.
 */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { folderArchiveReader } from "../archive/folder.ts"
import { archiveSettings, type ConfigInvalid, loadArchiveConfig } from "../config.ts"
import type { Archive } from "../ports/archive.ts"

/** For commands that read archive and journal as one. */
export const archiveFlag = Flag.String("archive").pipe(
  Flag.withMetavar("FOLDER"),
  Flag.withDescription(`The archive that holds what was purged from the journals. Otherwise ${archiveSettings.folder.name}`),
  Flag.optional,
  Flag.map(Option.getOrNull),
)

/** The folder that is named; null: none. */
export const namedFolder = (flag: string | null): Effect.Effect<string | null, ConfigInvalid> =>
  flag === null ? Effect.map(loadArchiveConfig, ({ folder }) => folder) : Effect.succeed(flag)

/** The named archive to read from, or nothing: then what was purged can't be read, and whoever needs it says so. */
export const namedArchive = (flag: string | null): Effect.Effect<Layer.Layer<Archive> | Layer.Layer<never>, ConfigInvalid> =>
  Effect.map(namedFolder(flag), (folder) => (folder === null ? Layer.empty : folderArchiveReader(folder)))
