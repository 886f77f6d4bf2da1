/** What can't be an address or a login is told by its option's name, at once, with nothing secret in it. */
import { describe, expect, it } from "vitest"
import { connect } from "../../src/channel.ts"

const servers = ["nats://127.0.0.1:1"]
const login = { user: "web", password: "hunter2" }
const patience = { connectTimeoutMs: 600_000 }

/** As a program without types gives it. */
const connectWith = (options: unknown): Promise<unknown> => Reflect.apply(connect, undefined, [options])

describe("options that can't be any", () => {
  it.each([
    ["none", undefined, TypeError, "{ servers, sender, login }"],
    ["a list", [], TypeError, "{ servers, sender, login }"],
    ["nothing in them", {}, TypeError, "servers is undefined"],
    ["one server as text", { servers: servers[0], sender: "web", login }, TypeError, "servers is string"],
    ["no server", { servers: [], sender: "web", login }, RangeError, "servers is empty"],
    ["a number among the servers", { servers: [...servers, 1], sender: "web", login }, TypeError, "servers.1 is number"],
    ["a server with a space", { servers: ["http://x y"], sender: "web", login }, RangeError, "servers.0 is no address"],
    [
      "a server of another protocol",
      { servers: ["https://web:hunter2@example"], sender: "web", login },
      RangeError,
      "servers.0 is no address",
    ],
    ["a number for a sender", { servers, sender: 5, login }, TypeError, "sender is number"],
    ["no login", { servers, sender: "web" }, TypeError, "login is undefined"],
    [
      "a login without its password",
      { servers, sender: "web", login: { user: "web", pass: "hunter2" } },
      TypeError,
      "login has user, pass",
    ],
    ["a number for a password", { servers, sender: "web", login: { user: "web", password: 5 } }, TypeError, "login has user, password"],
    ["text for tls", { servers, sender: "web", login, tls: "ca.pem" }, TypeError, "tls is string"],
    ["a number for a file", { servers, sender: "web", login, tls: { caFile: 1 } }, TypeError, "tls.caFile is number"],
    [
      "another name for a file",
      { servers, sender: "web", login, tls: { ca: "ca.pem" } },
      TypeError,
      "no option tls.ca: there are tls.caFile, tls.certFile, tls.keyFile",
    ],
    [
      "two logins",
      { servers, sender: "web", login: { ...login, nkeySeed: "S" } },
      TypeError,
      "login has user, password, nkeySeed: it must be",
    ],
    ["another name", { server: servers[0], sender: "web", login }, TypeError, "no option server; did you mean servers?"],
    ["a slip of the finger", { servers, sender: "web", login, timeoutMS: 5 }, TypeError, "no option timeoutMS; did you mean timeoutMs?"],
    ["a name like none", { servers, sender: "web", login, pool: 5 }, TypeError, "no option pool: there are servers, sender, login, tls, "],
    ["text where a number is meant", { servers, sender: "web", login, timeoutMs: "5" }, RangeError, 'timeoutMs is "5"'],
    ["text to hear of decisions by", { servers, sender: "web", login, onSettled: "log" }, TypeError, "onSettled is"],
    ["text to be told by", { servers, sender: "web", login, onWaiting: "log" }, TypeError, "onWaiting is"],
  ])("%s", async (_, options, kind, words) => {
    const given = typeof options === "object" && !Array.isArray(options) ? { ...patience, ...options } : options
    const error = await connectWith(given).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(kind)
    expect(String(error)).toContain(words)
    expect(String(error)).not.toContain("hunter2")
  })

  it("lets every right one through, to a server that isn't there", async () => {
    for (const server of ["nats://127.0.0.1:1", "127.0.0.1:1", "nats://[::1]:1"]) {
      const connecting = connect({ servers: [server], sender: "web", login, connectTimeoutMs: 100 })
      await expect(connecting).rejects.toMatchObject({ _tag: "BrokerUnavailable" })
    }
  })
})
