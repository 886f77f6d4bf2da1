/**
 * What a channel, a warehouse or an operator imports: a connection with its own credentials that sends commands and hears decisions.
 *
 * Put together from the client and the NATS link; the package exports this file as `holdfast/client`.
 */
import { Layer } from "effect"
import { Client, type ClientOptions } from "./client/client.ts"
import { type Channel, openChannel } from "./client/promises.ts"
import { channelLinkLayer } from "./nats/channel-link.ts"
import type { Login, ServerAddress } from "./nats/connection.ts"
import type { BrokerUnavailable, NotPermitted } from "./ports/errors.ts"

export type { AtsOptions } from "./client/ats-subscription.ts"
export type { ClientOptions, SendOptions, StockAnswer, Topology } from "./client/client.ts"
export type { CommandInput, Decision } from "./client/commands.ts"
export { ClientClosed } from "./client/errors.ts"
export type { AtsWatch, Channel } from "./client/promises.ts"
export type { Command } from "./domain/commands.ts"
export type { AtsValue } from "./engine/records.ts"
export { AnswerUnknown, BrokerUnavailable, NotPermitted } from "./ports/errors.ts"
export { Client }

export interface ConnectOptions extends ServerAddress, ClientOptions {
  /** The sender's name: the one its credentials are for. */
  readonly sender: string
  /** User and password, the seed of an nkey, or the path of a creds file. */
  readonly login: Login
}

/** The client for Effect programs. */
export const clientLayer = (options: ConnectOptions): Layer.Layer<Client, NotPermitted | BrokerUnavailable> =>
  Client.layer(options).pipe(Layer.provide(channelLinkLayer(options)))

/** Connects. Rejects with BrokerUnavailable if no server or no worker answers, with NotPermitted if the name can't be a sender's. */
export const connect = (options: ConnectOptions): Promise<Channel> => openChannel(clientLayer(options))
