#!/usr/bin/env bash
# With postgres.js, a query that loses its connection doesn't hear why; the next query, on a connection of its own that is in good order, fails with the reason.
#
# Software: postgres 3.4.9 (postgres.js, also below drizzle-orm/postgres-js), a PostgreSQL 18.4 server of @embedded-postgres 18.4.0-beta.17.
# Guessed:  the query that the server ended fails with the server's words (57P01, an administrator's command, or 57P05, 25P03, 53200); what is asked afterwards has nothing to do with it.
# Seen:     it fails with CONNECTION_CLOSED. The reason is kept, and is what the first query of the connection that takes its place fails with: an insert that was never sent is told that an administrator
#           ended its connection; a transaction hears it at its begin. Where a connection ended between two queries, nobody is hit.
# Matters:  who sorts errors by their code repeats the wrong one, or takes an insert that never left for one with an unknown outcome; an error log names a query that had nothing to do with it.
#           Holdfast's projector gives up the whole pool once a connection is lost.
# Source:   postgres/src/connection.js: ErrorResponse keeps the error until ReadyForQuery, which doesn't come after a FATAL one; closed() doesn't forget it, and the first ReadyForQuery after the
#           reconnection, that of the log-in, gives it to the query that waits.
#
# Needs npm, on Linux. Installs into a temporary folder, runs one Postgres on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/postgres.bash"
install postgres@3.4.9
look <<'JS'
import postgres from "postgres"
const url = process.env.URL
const admin = postgres(url, { max: 1 })
await admin`create table sale (id int primary key)`
const said = (query) => query.then((rows) => `done, rows: ${rows.count ?? rows}`, (error) => error.code)
const endSleepers = () => admin`select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'`

const sql = postgres(url, { max: 1 })
const lose = async () => {
  const lost = said(sql`select pg_sleep(20)`)
  await until("it sleeps", async () => (await admin`select from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`).count === 1)
  await endSleepers()
  return lost
}
see("the server's version", (await sql`show server_version_num`)[0].server_version_num.slice(0, 2), "18")
see("the query whose connection an administrator ended", await lose(), "CONNECTION_CLOSED")
await pause(500)
see("an insert half a second later", await said(sql`insert into sale values (1)`), "57P01")
see("the next one", await said(sql`insert into sale values (2)`), "done, rows: 1")
see("what is there", (await admin`select id from sale order by id`).map((row) => row.id), [2])

see("once more", await lose(), "CONNECTION_CLOSED")
await pause(500)
const transaction = () => sql.begin(async (inside) => (await inside`insert into sale values (3)`).count)
see("a transaction after it", await said(transaction()), "57P01")
see("the same again", await said(transaction()), "done, rows: 1")

const [{ pid }] = await sql`select pg_backend_pid() as pid`
await admin`select pg_terminate_backend(${pid})`
await pause(500)
see("after the end of a connection that did nothing", await said(sql`insert into sale values (4)`), "done, rows: 1")
await sql.end({ timeout: 1 })
await admin.end({ timeout: 1 })
JS
