package explore

import (
	"time"

	"pgregory.net/rapid"

	"assay/suite/internal/sut"
)

// Lengths of walks, in steps beside the first start.
const fewestSteps, mostSteps = 5, 16

// modesOf returns the modes that a target claims.
func modesOf(t *sut.Target) (all []string) {
	for _, m := range modes {
		chapter := m
		if m == ModeOwn {
			chapter = "byo"
		}
		if t.Claims(chapter) {
			all = append(all, m)
		}
	}
	return all
}

// generate returns the walk of a seed. The same seed and modes give the same walk.
func generate(seed uint64, of []string) Walk {
	return walks(of).Example(int(seed &^ (1 << 63)))
}

// walks returns the generator of walks in these modes.
func walks(of []string) *rapid.Generator[Walk] {
	return rapid.Custom(func(t *rapid.T) Walk {
		w := Walk{Mode: evenly(t, "mode", of)}
		if w.Mode == ModeOwn {
			w.By = evenly(t, "by", ways)
		}
		before, during := drawn(w.Mode)
		if evenly(t, "first", []int{0, 1, 2, 3}) == 0 { // something is wrong before the start
			w.Steps = append(w.Steps, step(t, before))
		}
		w.Steps = append(w.Steps, Step{Do: "start"})
		n := rapid.IntRange(fewestSteps, mostSteps).Draw(t, "steps")
		for range n {
			w.Steps = append(w.Steps, step(t, during))
		}
		return w
	})
}

// drawn returns the kinds of steps of a mode, each as often as its weight says: those
// that may come before the first start, and those that may come after it.
func drawn(mode string) (before, during []*kind) {
	for _, k := range kinds {
		if !k.in(mode) {
			continue
		}
		for range k.weight {
			during = append(during, k)
			switch k.name {
			case "ca", "dns", "forward", "cache", "damage":
				before = append(before, k)
			}
		}
	}
	return before, during
}

func step(t *rapid.T, of []*kind) Step {
	k := evenly(t, "do", of)
	s := Step{Do: k.name}
	if len(k.hows) > 0 {
		s.How = evenly(t, "how", k.hows)
	}
	if len(k.spans) > 0 {
		s.For = evenly(t, "for", k.spans)
	}
	return s
}

// evenly draws one of some values, each as often as the others: those of rapid come the
// more often the earlier they stand.
func evenly[T any](t *rapid.T, label string, of []T) T {
	n := rapid.Uint64().Draw(t, label)
	// The generator prefers small numbers, and this spreads them (SplitMix64).
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return of[(n^n>>31)%uint64(len(of))]
}

// seedOf returns the seed of the walk with a number.
func seedOf(seed uint64, number int) uint64 {
	n := seed + uint64(number+1)*0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	return n ^ n>>31
}

// total returns how much time passes in a walk.
func (w Walk) total() (d time.Duration) {
	for _, s := range w.Steps {
		d += time.Duration(s.For)
	}
	return d
}
