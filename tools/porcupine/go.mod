module porcupine-check

go 1.26

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/benbjohnson/immutable v0.4.3
)

require golang.org/x/exp v0.0.0-20220518171630-0b5c67f07fdf // indirect
