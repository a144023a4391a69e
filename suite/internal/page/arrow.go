package page

import "fmt"

// An arrow is the symbol of an exchange between two lanes.
type arrow struct {
	ID     string
	Line   string // path of the line
	Head   string // path of its head
	Dashed bool   // of a validation
	Via    int    // where the line meets the lane of validation, 0 if it does not
}

// laneWidth is the distance of two lanes in the drawing of an arrow.
const laneWidth = 40

// arrows returns the symbols of all exchanges between different lanes.
func arrows() []arrow {
	var out []arrow
	at := func(lane int) int { return laneWidth/2 + lane*laneWidth }
	const last = 3
	for from := range last + 1 {
		for to := range last + 1 {
			if from == to {
				continue
			}
			back := 5
			if to < from {
				back = -5
			}
			a := arrow{
				ID:     fmt.Sprintf("a-%d%d", from, to),
				Line:   fmt.Sprintf("M%d 7H%d", at(from), at(to)),
				Head:   fmt.Sprintf("M%d 3L%d 7L%d 11", at(to)-back, at(to), at(to)-back),
				Dashed: from == last,
			}
			if from == last && to == 0 {
				a.Via = at(1)
			}
			out = append(out, a)
		}
	}
	return out
}
