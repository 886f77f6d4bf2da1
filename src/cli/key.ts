/**
 * `holdfast key`: makes, lists and revokes the API keys of gateways, in the file that they read. A secret is shown once, when it is made.
 */
import { Clock, Effect } from "effect"
import * as Config from "effect/Config"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { gatewaySettings } from "../config.ts"
import { CommandClass, type SenderId } from "../domain/names.ts"
import { addKey, type KeysFile, revokeKey } from "../http/keys.ts"
import { keysPerSenderMax } from "../limits.ts"
import { senderFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { holdKeys, keysIn, ownKeysFile, writeKeys } from "./own-keys.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"
import { messageOf } from "./setting-files.ts"

const path = Config.withDefault(Config.NonEmptyString(gatewaySettings.keysFile.name), ownKeysFile)

const failed = (message: string) => new CommandFailed({ code: exitCode.failed, message })

const read = (from: string): Effect.Effect<KeysFile, CommandFailed> =>
  Effect.tryPromise({ try: () => keysIn(from), catch: (error) => failed(`the API keys at ${from} can't be read: ${messageOf(error)}`) })

const write = (to: string, file: KeysFile): Effect.Effect<void, CommandFailed> =>
  Effect.tryPromise({
    try: () => writeKeys(to, file),
    catch: (error) => failed(`the API keys at ${to} can't be written: ${messageOf(error)}`),
  })

/** Writes what `make` makes of the file, while nobody else changes it. */
const changed = <Made extends { readonly file: KeysFile }>(
  at: string,
  make: (file: KeysFile, now: string) => Made | CommandFailed,
): Effect.Effect<Made, CommandFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* holdKeys(at)
      const made = make(yield* read(at), isoTime(yield* Clock.currentTimeMillis))
      if (made instanceof CommandFailed) return yield* made
      yield* write(at, made.file)
      return made
    }),
  )

const whereHelp = `The file is the one that ${gatewaySettings.keysFile.name} names, otherwise that of a \`serve\` in this folder. Gateways read it again by themselves.`

const add = Command.make(
  "add",
  {
    sender: senderFlag("sender", "Whose key it is"),
    scopes: Flag.Literals("scope", CommandClass).pipe(
      Flag.withDescription("A class of commands that may be sent with it; several flags for several. None: it may only ask"),
      Flag.between(0, CommandClass.length),
    ),
  },
  Effect.fn(function* ({ sender, scopes }) {
    const wanted = { sender: sender as SenderId, scopes: [...new Set(scopes)] }
    const added = yield* changed(
      yield* path,
      (file, now) =>
        addKey(file, wanted, now) ??
        failed(
          `${sender} has ${keysPerSenderMax} valid keys, as many as it may: revoke one first (\`holdfast key list\` shows which there are)`,
        ),
    )
    yield* printLine(added.text)
    yield* Effect.sync(() =>
      process.stderr.write(
        `holdfast: this is shown once; it is key ${added.id} of ${sender}, for ${scopes.length === 0 ? "questions" : scopes.join(", ")}\n`,
      ),
    )
  }),
).pipe(
  Command.withDescription(
    helpText(
      `Make a key for a sender, and print it. ${whereHelp} A sender has at most ${keysPerSenderMax}: the one in use, and the one that takes its place.`,
    ),
  ),
)

const list = Command.make(
  "list",
  { json: jsonFlag },
  Effect.fn(function* ({ json }) {
    const { keys } = yield* read(yield* path)
    const shown = keys.map(({ hash: _, ...key }) => key)
    if (json) return yield* printJson(shown)
    const rows = shown.map(({ id, sender, scopes, createdAt, revokedAt }) => [
      `hfk_${id}_…`,
      sender,
      scopes.join(", "),
      createdAt,
      revokedAt ?? "",
    ])
    yield* printLine(rows.length === 0 ? "there are no keys" : table(["key", "sender", "scopes", "made", "revoked"], rows))
  }),
).pipe(Command.withDescription(helpText(`List all keys, without their secrets. ${whereHelp}`)))

const idOf = (text: string): string => /^(?:hfk_)?([0-9a-f]{12})(?:_.*)?$/.exec(text)?.[1] ?? text

const revoke = Command.make(
  "revoke",
  { key: Argument.String("key").pipe(Argument.withDescription("Which: its id, or how it begins, as `holdfast key list` shows it")) },
  Effect.fn(function* ({ key }) {
    const at = yield* path
    const id = idOf(key)
    yield* changed(at, (before, now) => {
      const file = revokeKey(before, id, now)
      return file === null ? failed(`there is no valid key ${id} in ${at}: \`holdfast key list\` shows which there are`) : { file }
    })
    yield* printLine(`${id} is revoked`)
  }),
).pipe(
  Command.withDescription(
    helpText(`Revoke a key: every gateway that reads the file refuses it at once, and ends its streams. ${whereHelp}`),
  ),
)

const description =
  "API keys of HTTP gateways: each is one sender's, and may send commands of the classes that it was made for. The file holds digests, not keys."

/** `holdfast key`, with its subcommands. */
export const keyCommand = Command.make("key").pipe(
  Command.withDescription(helpText(description)),
  Command.withSubcommands([add, list, revoke]),
)
