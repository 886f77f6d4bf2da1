package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

func at(ns int64) *int64 { return &ns }

func history(ops ...operation) []porcupine.Operation {
	var made []porcupine.Operation
	for number := range ops {
		op := &ops[number]
		op.Id = fmt.Sprint(number)
		until := op.Call
		if op.Return != nil {
			until = *op.Return
		}
		made = append(made, porcupine.Operation{Input: op, Call: op.Call, Return: until})
	}
	markAlone(made)
	return made
}

func receive(call, ret, qty int64) operation {
	return operation{Op: "ReceiveStock", Qty: qty, Call: call, Return: at(ret), Outcome: "accepted"}
}
func reserve(call, ret int64, name string, qty int64, outcome, reason string) operation {
	return operation{Op: "Reserve", Reservation: name, Qty: qty, Call: call, Return: at(ret), Outcome: outcome, Reason: reason}
}
func unanswered(call int64, name string, qty int64) operation {
	return operation{Op: "Reserve", Reservation: name, Qty: qty, Call: call}
}

func check(t *testing.T, want porcupine.CheckResult, ops ...operation) {
	t.Helper()
	if found := porcupine.CheckOperationsTimeout(model.ToModel(), history(ops...), 20*time.Second); found != want {
		t.Fatalf("%v, and not %v", found, want)
	}
}

func TestLastUnitIsSoldOnce(t *testing.T) {
	check(t, porcupine.Ok, receive(1, 2, 1), reserve(3, 9, "a", 1, "accepted", ""), reserve(3, 9, "b", 1, "refused", "InsufficientStock"))
	check(t, porcupine.Illegal, receive(1, 2, 1), reserve(3, 9, "a", 1, "accepted", ""), reserve(3, 9, "b", 1, "accepted", ""))
}

func TestRefusalNeedsAReason(t *testing.T) {
	check(t, porcupine.Illegal, receive(1, 2, 5), reserve(3, 4, "a", 1, "refused", "InsufficientStock"))
}

func TestOrderOfAnswersHolds(t *testing.T) {
	// What was refused before the units came is right; after they came and were heard of it isn't.
	check(t, porcupine.Ok, reserve(1, 4, "a", 1, "refused", "InsufficientStock"), receive(2, 3, 1))
	check(t, porcupine.Illegal, receive(1, 2, 1), reserve(3, 4, "a", 1, "refused", "InsufficientStock"))
}

func TestReleaseGivesBack(t *testing.T) {
	release := operation{Op: "Release", Reservation: "a", Call: 5, Return: at(6), Outcome: "accepted"}
	check(t, porcupine.Ok, receive(1, 2, 1), reserve(3, 4, "a", 1, "accepted", ""), release, reserve(7, 8, "b", 1, "accepted", ""))
	confirm := operation{Op: "Confirm", Reservation: "a", Call: 9, Return: at(10), Outcome: "accepted"}
	check(t, porcupine.Illegal, receive(1, 2, 1), reserve(3, 4, "a", 1, "accepted", ""), release, confirm)
}

func TestWhatHadNoAnswerMayHaveHappenedOrNot(t *testing.T) {
	check(t, porcupine.Ok, receive(1, 2, 1), unanswered(3, "a", 1), reserve(5, 6, "b", 1, "accepted", ""))
	check(t, porcupine.Ok, receive(1, 2, 1), unanswered(3, "a", 1), reserve(5, 6, "b", 1, "refused", "InsufficientStock"))
	// Not before it was called.
	check(t, porcupine.Illegal, receive(1, 2, 1), reserve(3, 4, "b", 1, "refused", "InsufficientStock"), unanswered(5, "a", 1))
	// And not for more than it asked for.
	check(t, porcupine.Illegal, receive(1, 2, 3), unanswered(3, "a", 1), reserve(5, 6, "b", 2, "refused", "InsufficientStock"))
}

func TestManyWithoutAnAnswerAreDecided(t *testing.T) {
	ops := []operation{receive(1, 2, 1_000)}
	for n := int64(0); n < 40; n++ {
		ops = append(ops, unanswered(3+n, fmt.Sprintf("u%d", n), 1))
	}
	for n := int64(0); n < 200; n++ {
		ops = append(ops, reserve(100+2*n, 101+2*n, fmt.Sprintf("r%d", n), 1, "accepted", ""))
	}
	check(t, porcupine.Ok, ops...)
}
