/** What a sender may try who doesn't use our client: connections with its own credentials, and bytes that no client library would send. */
import { connect as connectSocket } from "node:net"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import type { EmbeddedServer } from "../../src/nats/embedded.ts"

type ServerUser = "web" | "shop" | "engine" | "ingress" | "door" | "archivist" | "admin"

/** A connection as one of the server's users; its inboxes where a sender may listen. */
export const connectAs = (server: EmbeddedServer, user: ServerUser): Promise<NatsConnection> => {
  const { senders, ...ours } = server.credentials
  const isSender = user === "web" || user === "shop"
  const login = isSender ? senders[user] : ours[user]
  if (login === undefined) throw new Error(`the server knows no user ${user}`)
  const inboxPrefix = isSender ? `hf.reply.${user}` : `_INBOX.${user}`
  return connect({ servers: server.url, user: login.user, pass: login.password, inboxPrefix })
}

/** Publishes with this text as its headers, whatever it is, and waits until the server has read it. */
export const publishRaw = (server: EmbeddedServer, user: "web", subject: string, headerText: string, body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const { port, hostname } = new URL(server.url)
    const login = server.credentials.senders[user]
    const socket = connectSocket({ host: hostname, port: Number(port) })
    const sizes = `${Buffer.byteLength(headerText)} ${Buffer.byteLength(headerText) + Buffer.byteLength(body)}`
    const options = { user: login?.user, pass: login?.password, headers: true, verbose: false, pedantic: false, lang: "raw", version: "0" }
    let heard = ""
    socket.on("error", reject)
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1")
      if (heard.includes("-ERR")) reject(new Error(heard))
      if (!heard.includes("PONG\r\n")) return
      socket.end()
      resolve()
    })
    socket.write(`CONNECT ${JSON.stringify(options)}\r\nHPUB ${subject} ${sizes}\r\n${headerText}${body}\r\nPING\r\n`)
  })
