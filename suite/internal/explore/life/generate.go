package life

import (
	"maps"
	"time"

	"pgregory.net/rapid"

	"assay/suite/internal/sut"
)

// Lengths of walks, in steps beside the first start.
const fewestSteps, mostSteps = 5, 16

// ModesOf returns the modes that a target claims.
func ModesOf(t *sut.Target) (all []string) {
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

// Generate returns the walk of a seed. The same seed and modes give the same walk.
func Generate(seed uint64, of []string) Walk {
	return walks(of).Example(int(seed &^ (1 << 63)))
}

// walks returns the generator of walks in these modes.
func walks(of []string) *rapid.Generator[Walk] {
	return rapid.Custom(func(t *rapid.T) Walk {
		w := Walk{Mode: evenly(t, "mode", often(of))}
		if w.Mode == ModeOwn {
			w.By = evenly(t, "by", ways)
		}
		if evenly(t, "unusual", []bool{false, true}) {
			if with := evenly(t, "with", variants[w.Mode]()); len(with) > 0 {
				w.With = maps.Clone(with)
			}
		}
		before, during := drawn(w.Mode)
		if evenly(t, "first", []bool{false, true}) { // something is wrong before the start
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

// often returns the modes with that of an own pair twice, if there are others: it has more
// forms than they have.
func often(of []string) []string {
	if len(of) > 1 && of[0] == ModeOwn {
		return append([]string{ModeOwn}, of...)
	}
	return of
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
			case "ca", "dns", "forward", "cache", "damage", "try", "try-own", "try-acme":
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

// SeedOf returns the seed of the walk with a number.
func SeedOf(seed uint64, number int) uint64 {
	n := seed + uint64(number+1)*0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	return n ^ n>>31
}

// Total returns how much time passes in a walk.
func (w Walk) Total() (d time.Duration) {
	for _, s := range w.Steps {
		d += time.Duration(s.For)
	}
	return d
}
