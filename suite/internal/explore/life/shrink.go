package life

import (
	"maps"
	"slices"
)

// Shrink makes a walk shorter as long as it finds the same, by at most so many tries. It
// leaves out ever smaller parts (delta debugging), and then makes what passes of time
// shorter. found reports whether a walk finds the same.
//
// The shrinker of rapid works on the bits from which a value was drawn. It needs hundreds of
// tries for a walk, and each is a whole life of a server.
func Shrink(w Walk, tries int, found func(Walk) bool) Walk {
	try := func(candidate Walk) bool {
		if tries <= 0 {
			return false
		}
		tries--
		return found(candidate)
	}
	for size := len(w.Steps) / 2; size > 0 && tries > 0; {
		removed := false
		for at := len(w.Steps) - size; at >= 0 && tries > 0; at -= size {
			if at+size > len(w.Steps) {
				continue
			}
			candidate := w
			candidate.Steps = slices.Delete(slices.Clone(w.Steps), at, at+size)
			if len(candidate.Steps) > 0 && try(candidate) {
				w, removed = candidate, true
			}
		}
		if !removed || size > len(w.Steps) {
			size /= 2
		}
	}
	for i, s := range w.Steps {
		k := kindOf(s.Do)
		for _, span := range k.spans {
			if span >= s.For {
				break
			}
			candidate := w
			candidate.Steps = slices.Clone(w.Steps)
			candidate.Steps[i].For = span
			if try(candidate) {
				w = candidate
				break
			}
		}
	}
	if w.By != "" && w.By != ways[0] {
		candidate := w
		candidate.By = ways[0]
		if try(candidate) {
			w = candidate
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.With)) {
		candidate := w
		candidate.With = maps.Clone(w.With)
		if delete(candidate.With, name); len(candidate.With) == 0 {
			candidate.With = nil
		}
		if try(candidate) {
			w = candidate
		}
	}
	return w
}
