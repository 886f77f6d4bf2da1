/** How full the commands stream is, as its leader says. */
import { jetstreamManager } from "@nats-io/jetstream"
import type { NatsConnection } from "@nats-io/transport-node"
import { commandsStream } from "../../src/wire/subjects.ts"

export interface StoredState {
  readonly bytes: number
  readonly messages: number
  readonly lastSeq: number
}

export const storedState = async (engine: NatsConnection): Promise<StoredState> => {
  const { state } = await (await jetstreamManager(engine)).streams.info(commandsStream("sku"))
  return { bytes: state.bytes, messages: state.messages, lastSeq: state.last_seq }
}
