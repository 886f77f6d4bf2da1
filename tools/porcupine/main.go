// Checks a history of commands for linearizability, SKU by SKU: whether there is an order of all of them, each between its call and its answer, in which one writer would have answered as was heard.
//
// Reads JSON, an operation a line, from a file. Prints a line of JSON for each SKU that has no such order or was not decided in time, and one with the sum. Ends with 0 if all have one, with 3 if one has none, with 4 if one was not
// decided.
//
// What no answer came to may have its effect at any time from its call on, or never. Let to return at the end, as is usual, thirty of them are more orders than can be tried. Here each becomes part of the state at its call, and
// what may have come of it is looked at when something else depends on it.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

func read(path string) (map[string][]porcupine.Operation, int, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	histories := map[string][]porcupine.Operation{}
	unknown := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for number := 1; lines.Scan(); number++ {
		op := &operation{}
		if err := json.Unmarshal(lines.Bytes(), op); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", number, err)
		}
		until := op.Call
		if op.Return == nil {
			unknown++
		} else {
			until = *op.Return
		}
		histories[op.Sku] = append(histories[op.Sku], porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: until})
	}
	return histories, unknown, lines.Err()
}

// markAlone finds those whose reservation no other operation of the SKU names.
func markAlone(history []porcupine.Operation) {
	named := map[string]int{}
	for _, one := range history {
		named[one.Input.(*operation).Reservation]++
	}
	for _, one := range history {
		op := one.Input.(*operation)
		op.alone = op.Op == "ReceiveStock" || named[op.Reservation] == 1
	}
}

type line struct {
	Sku        string `json:"sku"`
	Result     string `json:"result"`
	Operations int    `json:"operations"`
}

type sum struct {
	Skus       int     `json:"skus"`
	Operations int     `json:"operations"`
	Unknown    int     `json:"unknown"`
	Illegal    int     `json:"illegal"`
	Undecided  int     `json:"undecided"`
	Seconds    float64 `json:"seconds"`
}

func main() {
	limit := flag.Duration("limit", time.Minute, "how long one SKU is looked at")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: porcupine-check [-limit 1m] HISTORY.jsonl")
		os.Exit(2)
	}
	histories, unknown, err := read(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	started := time.Now()
	total := sum{Skus: len(histories), Unknown: unknown}
	skus := make([]string, 0, len(histories))
	for sku := range histories {
		skus = append(skus, sku)
	}
	sort.Strings(skus)
	out := json.NewEncoder(os.Stdout)
	checked := model.ToModel()
	for _, sku := range skus {
		total.Operations += len(histories[sku])
		markAlone(histories[sku])
		switch porcupine.CheckOperationsTimeout(checked, histories[sku], *limit) {
		case porcupine.Illegal:
			total.Illegal++
			_ = out.Encode(line{sku, "illegal", len(histories[sku])})
		case porcupine.Unknown:
			total.Undecided++
			_ = out.Encode(line{sku, "undecided", len(histories[sku])})
		}
	}
	total.Seconds = time.Since(started).Seconds()
	_ = out.Encode(total)
	if total.Illegal > 0 {
		os.Exit(3)
	}
	if total.Undecided > 0 {
		os.Exit(4)
	}
}
