/**
 * What a channel, a warehouse or an operator imports: a connection with its own credentials that sends commands and hears decisions.
 *
 * Put together from the client and the NATS link; the package exports this file as `holdfast/client`.
 */
import { Layer } from "effect"
import { checkAddress } from "./client/address.ts"
import { Client, type ClientOptions } from "./client/client.ts"
import { clientNumbers, clientOptionNames } from "./client/given.ts"
import { checkMs, namesOf } from "./client/options.ts"
import { openSenderClient, type SenderClient } from "./client/promises.ts"
import { senderLinkLayer } from "./nats/channel-link.ts"
import type { Login, ServerAddress } from "./nats/connection.ts"
import type { BrokerUnavailable, NotPermitted } from "./ports/errors.ts"

export type { AtsOptions } from "./client/ats-subscription.ts"
export type { ClientOptions, OrderStanding, SendOptions, StockAnswer, Topology } from "./client/client.ts"
export type { CommandAnswer, CommandInput } from "./client/commands.ts"
export { ClientClosed } from "./client/errors.ts"
export type { OrderAnswer, OrderCommandType, OrderInput, OrderRequest } from "./client/orders.ts"
export type { AtsWatch, SenderClient } from "./client/promises.ts"
export type { Command } from "./domain/sku/commands.ts"
export type { AtsValue } from "./kinds/sku/types.ts"
export { AnswerUnknown, BrokerUnavailable, NotPermitted } from "./ports/errors.ts"
export { Client }

/** Who connects, to which servers, and how patiently. */
export interface ConnectOptions extends ServerAddress, ClientOptions {
  /** The sender's name: the one its credentials are for. */
  readonly sender: string
  /** User and password, the seed of an nkey, or the path of a creds file. */
  readonly login: Login
  /** Milliseconds to try to reach a server. Default: `timeoutMs`. */
  readonly connectTimeoutMs?: number
  /** Told what is being waited for, and why, whenever connecting failed and is tried again. Must not throw. */
  readonly onWaiting?: (waiting: { readonly for: string; readonly cause: string }) => void
}

const addressNames = namesOf<Omit<ConnectOptions, keyof ClientOptions>>({
  servers: true,
  sender: true,
  login: true,
  tls: true,
  connectTimeoutMs: true,
  onWaiting: true,
})

/** The client for Effect programs. Connecting is tried for as long as a caller waits for an answer. Throws a TypeError or a RangeError for what can't be one of its options. */
export const clientLayer = (options: ConnectOptions): Layer.Layer<Client, NotPermitted | BrokerUnavailable> => {
  checkAddress(options, [...addressNames, ...clientOptionNames])
  const { servers, sender, login, tls, connectTimeoutMs, onWaiting, ...own } = options
  clientNumbers(own)
  checkMs("connectTimeoutMs", connectTimeoutMs)
  const patience = own.timeoutMs === undefined ? {} : { connectTimeoutMs: own.timeoutMs }
  return Client.layer(own).pipe(Layer.provide(senderLinkLayer({ ...patience, ...options })))
}

/**
 * Rejects with a TypeError or a RangeError for what can't be one of the options. Connects, as soon as a server answers: it needs no worker and no ingress. Rejects with BrokerUnavailable if none does within `connectTimeoutMs` (else `timeoutMs`), with NotPermitted if the
 * name can't be a sender's or the server doesn't let this login in.
 */
export const connect = async (options: ConnectOptions): Promise<SenderClient> => openSenderClient(clientLayer(options))
