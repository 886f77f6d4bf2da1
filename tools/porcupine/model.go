package main

import (
	"fmt"
	"hash/maphash"

	"github.com/anishathalye/porcupine"
	"github.com/benbjohnson/immutable"
)

// operation is one command as its sender saw it. Several sendings under one id are one operation: from the first sending to the answer.
type operation struct {
	Sku         string `json:"sku"`
	Id          string `json:"id"`
	Client      int    `json:"client"`
	Op          string `json:"op"`
	Reservation string `json:"reservation"`
	Qty         int64  `json:"qty"`
	// Nanoseconds of one clock. Return is nil where no answer came.
	Call   int64  `json:"call"`
	Return *int64 `json:"return"`
	// accepted, refused, or empty where no answer came.
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	// Units that could have been had, where a refusal says so.
	Ats *int64 `json:"ats"`
	// Whether no other operation names its reservation: then only its units can be noticed, and those of the same quantity are alike.
	alone bool
}

const (
	held      = "held"
	confirmed = "confirmed"
	released  = "released"
)

type reservation struct {
	state string
	qty   int64
}

// stock is a SKU at one location, sold by one channel without buffers: what docs/AVAILABILITY.md comes to there. It is never changed once it is made.
type stock struct {
	available    int64
	reservations *immutable.Map[string, reservation]
	// Operations that no answer came to: each may have its effect from its call on, at any time or never.
	pending []*operation
	// Of reservations and pending ones: what makes two states equal, without looking at all of them.
	digest [2]uint64
}

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func digestOf(text string) [2]uint64 {
	return [2]uint64{maphash.String(seeds[0], text), maphash.String(seeds[1], text)}
}

// A digest is a sum, so that what stands there twice counts twice, and what goes is taken off again.
func (s stock) plus(text string) [2]uint64 {
	d := digestOf(text)
	return [2]uint64{s.digest[0] + d[0], s.digest[1] + d[1]}
}

func (s stock) minus(text string) [2]uint64 {
	d := digestOf(text)
	return [2]uint64{s.digest[0] - d[0], s.digest[1] - d[1]}
}

// pendingText is what tells a pending operation from another.
func pendingText(op *operation) string {
	if op.alone {
		return fmt.Sprintf("p %s %d", op.Op, op.Qty)
	}
	return "p " + op.Id
}

func textOf(name string, r reservation) string {
	return fmt.Sprintf("r %s %s %d", name, r.state, r.qty)
}

// with is the stock with a reservation as it is now, and so many units more.
func (s stock) with(name string, r reservation, more int64) stock {
	if before, known := s.reservations.Get(name); known {
		s.digest = s.minus(textOf(name, before))
	}
	s.digest = s.plus(textOf(name, r))
	s.reservations = s.reservations.Set(name, r)
	s.available += more
	return s
}

func (s stock) withPending(op *operation) stock {
	s.digest = s.plus(pendingText(op))
	s.pending = append(append([]*operation{}, s.pending...), op)
	return s
}

func (s stock) withoutPending(at int) stock {
	s.digest = s.minus(pendingText(s.pending[at]))
	s.pending = append(append([]*operation{}, s.pending[:at]...), s.pending[at+1:]...)
	return s
}

func equal(a, b stock) bool { return a.available == b.available && a.digest == b.digest }

type answer struct {
	outcome string
	reason  string
	// -1: it isn't said.
	ats int64
}

func accepted(s stock) (stock, answer) { return s, answer{"accepted", "", -1} }
func refused(s stock, reason string) (stock, answer) {
	return s, answer{"refused", reason, -1}
}

// decided is what the one writer of the SKU comes to.
func (s stock) decided(op *operation) (stock, answer) {
	r, known := s.reservations.Get(op.Reservation)
	switch op.Op {
	case "ReceiveStock":
		s.available += op.Qty
		return accepted(s)
	case "Reserve":
		if known {
			return refused(s, "ReservationExists")
		}
		if s.available < op.Qty {
			return s, answer{"refused", "InsufficientStock", s.available}
		}
		if op.alone {
			s.available -= op.Qty
			return accepted(s)
		}
		return accepted(s.with(op.Reservation, reservation{held, op.Qty}, -op.Qty))
	case "Confirm":
		if !known {
			return refused(s, "UnknownReservation")
		}
		if r.state == held {
			return accepted(s.with(op.Reservation, reservation{confirmed, r.qty}, 0))
		}
		if r.state == confirmed {
			return refused(s, "ReservationConfirmed")
		}
		return refused(s, "ReservationReleased")
	case "Release":
		if !known {
			return refused(s, "UnknownReservation")
		}
		if r.state == released {
			return refused(s, "ReservationReleased")
		}
		return accepted(s.with(op.Reservation, reservation{released, r.qty}, r.qty))
	}
	panic("an operation of an unknown kind: " + op.Op)
}

func fits(found answer, op *operation) bool {
	if found.outcome != op.Outcome || found.reason != op.Reason {
		return false
	}
	return op.Ats == nil || found.ats == -1 || *op.Ats == found.ats
}

// reachable is every state that those without an answer may have led to by now.
func reachable(s stock) []stock {
	states := []stock{s}
	for from := 0; from < len(states); from++ {
		for at, op := range states[from].pending {
			after, _ := states[from].withoutPending(at).decided(op)
			known := false
			for _, other := range states {
				known = known || equal(after, other)
			}
			if !known {
				states = append(states, after)
			}
		}
	}
	return states
}

var model = porcupine.NondeterministicModel{
	Init: func() []interface{} {
		return []interface{}{stock{reservations: immutable.NewMap[string, reservation](nil)}}
	},
	Step: func(state, input, _ interface{}) []interface{} {
		op := input.(*operation)
		if op.Return == nil {
			return []interface{}{state.(stock).withPending(op)}
		}
		var next []interface{}
		for _, s := range reachable(state.(stock)) {
			if after, found := s.decided(op); fits(found, op) {
				next = append(next, after)
			}
		}
		return next
	},
	Equal: func(a, b interface{}) bool { return equal(a.(stock), b.(stock)) },
}
