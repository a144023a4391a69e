package explore

import (
	"slices"
	"testing"

	"assay/suite/internal/coverage"
	"assay/suite/internal/explore/life"
)

func steps(names ...string) (all []life.Step) {
	for _, name := range names {
		all = append(all, life.Step{Do: name})
	}
	return all
}

// A walk that reaches new code is kept, and later ones begin as it does.
func TestSteering(t *testing.T) {
	t.Parallel()
	var s steering
	random := Walk{Mode: life.ModeOwn, Steps: steps("start", "kill")}
	if w := s.next(random, 1); !slices.Equal(w.Steps, random.Steps) {
		t.Errorf("found %v before any walk was kept, expected the random one", w.Steps)
	}
	kept := Walk{Mode: life.ModeOwn, By: "linking", Steps: steps("reload", "reload", "reload")}
	s.note(kept, []uint32{1, 2})
	s.note(Walk{Mode: life.ModeOwn, Steps: steps("stop")}, []uint32{2})
	s.note(Walk{Mode: life.ModeHTTP, Steps: steps("sleep")}, []uint32{3})
	if len(s.kept) != 2 || len(s.reached) != 3 {
		t.Fatalf("%d walks kept, %d blocks reached; expected 2 and 3", len(s.kept), len(s.reached))
	}
	spliced := 0
	for seed := range uint64(100) {
		w := s.next(random, seed)
		if w.By == kept.By {
			spliced++
			if w.Steps[0].Do != "reload" || w.Steps[len(w.Steps)-1].Do != "kill" {
				t.Errorf("found %v, expected the beginning of a kept walk and the end of the random one",
					w.Steps)
			}
		}
	}
	if spliced < 10 || spliced > 40 {
		t.Errorf("%d of 100 walks begin as a kept one, expected about a quarter", spliced)
	}
	if len(kept.Steps) != 3 || len(random.Steps) != 2 || kept.Steps[1].Do != "reload" {
		t.Errorf("found %v and %v, expected walks that are as they were", kept.Steps, random.Steps)
	}
}

// Walks of a server that was built with coverage tell what it reaches.
func TestCover(t *testing.T) {
	t.Parallel()
	covdata, err := coverage.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := explored(t, "", Options{Seed: 3, Walks: 8, Covdata: covdata})
	if len(r.Finds) > 0 || r.Covered < 300 || r.Kept < 2 {
		t.Errorf("%d blocks reached, %d walks kept; expected more of each, and no finds:\n%s",
			r.Covered, r.Kept, r.story())
	}
}
