package explore

import (
	"math/rand/v2"
	"slices"
)

// mostKeptSteps is how many steps a walk has at most that begins as another one does.
const mostKeptSteps = 24

// A steering keeps walks that have reached code which no walk before them had reached.
type steering struct {
	reached map[uint32]bool
	kept    []Walk
}

// note notes what a walk has reached, and keeps the walk if some of it is new.
func (s *steering) note(w Walk, covered []uint32) {
	before := len(s.reached)
	if s.reached == nil {
		s.reached = map[uint32]bool{}
	}
	for _, block := range covered {
		s.reached[block] = true
	}
	if len(s.reached) > before {
		s.kept = append(s.kept, w)
	}
}

// next returns the walk to take in place of a random one. One walk in four begins as one does
// that was kept, and goes on as the random one: more of them cost more variety than they bring.
func (s *steering) next(w Walk, seed uint64) Walk {
	random := rand.New(rand.NewPCG(seed, 0))
	var alike []Walk
	for _, k := range s.kept {
		if k.Mode == w.Mode {
			alike = append(alike, k)
		}
	}
	if len(alike) == 0 || random.IntN(4) > 0 {
		return w
	}
	kept := alike[random.IntN(len(alike))]
	begin := 1 + random.IntN(len(kept.Steps))
	steps := append(slices.Clone(kept.Steps[:begin]), w.Steps[random.IntN(len(w.Steps)):]...)
	kept.Steps = steps[:min(len(steps), mostKeptSteps)]
	return kept
}
