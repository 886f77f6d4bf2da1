/**
 * The floor: as many bytes taken in at the same door by the same client library, appended to the same journals by the same compare-and-set, and answered, by a process that decides nothing.
 *
 * How many bytes Holdfast journals and answers for a reservation is asked of its own engine, beforehand and in this process.
 */
import { connect } from "../../src/channel.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { commandsPerMessageMax } from "../../src/limits.ts"
import { startEmbedded } from "../../src/nats/embedded.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { encodeReply } from "../../src/wire/replies.ts"
import { loginOf, startEcho } from "../end-to-end/arms.ts"
import type { EchoSample, EchoSamples } from "../end-to-end/messages.ts"
import { serveAlone } from "../stage/lone-engine.ts"
import { confirmCommand, reserveCommand } from "./commands.ts"
import { plentyQty, skuName } from "./ground.ts"
import { reserver, senders } from "./holdfast.ts"
import type { Peer, StartPeer } from "./peer.ts"

interface Measures {
  readonly samples: EchoSamples
  /** Bytes of a record beside its commands, and for each of them. */
  readonly perRecord: number
  readonly perCommand: number
}

const messages = 3

/** What Holdfast's engine journals and answers. */
const measured = (): Measures => {
  const nowMs = Date.now()
  const sku = skuName(0)
  let recordBytes = 0
  const onRecord = ({ bytes }: { readonly bytes: Uint8Array }): void => {
    recordBytes = bytes.length
  }
  const engine = serveAlone(nowMs, plentyQty, { sku, onRecord })
  const sample = (command: Command): EchoSample => {
    engine.hand([commandText(command)])
    const reply = new TextDecoder().decode(
      encodeReply({ sender: "web", suffix: "", partition: 0, seq: 1, epoch: 1, array: true, decisions: engine.lastSaid } as Parameters<
        typeof encodeReply
      >[0]),
    )
    const decisions = '"decisions":['
    return { id: command.id, command: commandText(command), reply: reply.slice(reply.indexOf(decisions) + decisions.length, -"]}".length) }
  }
  let n = 0
  const reserve = sample(reserveCommand(sku, ++n, nowMs))
  const alone = recordBytes
  const samples = { sku, reserve, confirm: sample(confirmCommand(sku, n, nowMs)) }
  const body = () => `[${Array.from({ length: commandsPerMessageMax }, () => commandText(reserveCommand(sku, ++n, nowMs))).join(",")}]`
  engine.hand(Array.from({ length: messages }, body))
  const perCommand = (recordBytes - alone) / (messages * commandsPerMessageMax - 1)
  return { samples, perRecord: alone - perCommand, perCommand }
}

const answerMs = 60_000

export const startFloorPeer =
  (syncAlways: boolean): StartPeer =>
  async ({ partitions, inFlightMax }): Promise<Peer> => {
    const { samples, perRecord, perCommand } = measured()
    const server = await startEmbedded({ senders, syncAlways })
    const echo = await startEcho(server, { partitions, profileFolder: undefined }, samples)
    await echo.setRecordBytes(perRecord, perCommand)
    const channel = await connect({ servers: [server.url], sender: "web", login: loginOf(server, "web"), inFlightMax, timeoutMs: answerMs })
    return {
      reserve: reserver(channel),
      taken: async () => null,
      pids: () => [echo.pid(), server.pid()],
      stages: { parts: { worker: echo.pid(), server: server.pid() }, count: echo.count },
      stop: async () => {
        await channel.close()
        await echo.end()
        await server.stop()
      },
    }
  }
