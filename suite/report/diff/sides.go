package diff

// A Side is one line of a change, as the two runs have it side by side.
type Side struct {
	Old, New string
	// Gone and Come say that only the first, or only the second run has the line.
	// Both are set for a line that takes the place of another one.
	Gone, Come bool
}

// A Group is a change of an observation, which is the same in all cases that the
// title names.
type Group struct {
	Title string
	Lines []Side
}

// Groups returns the observations that differ. Those that differ in the same way
// in several cases are one group.
func (c *Change) Groups() []Group {
	var all []Group
	for _, g := range grouped(c.Observations) {
		all = append(all, Group{g.title(), sides(g.Lines())})
	}
	return all
}

// sides pairs the lines that went with the lines that came in their place.
func sides(lines []string) []Side {
	var out []Side
	open := 0 // the first line that went and has no counterpart
	for _, line := range lines {
		mark, text := line[:2], line[2:]
		switch mark {
		case "- ":
			out = append(out, Side{Old: text, Gone: true})
		case "+ ":
			for open < len(out) && (!out[open].Gone || out[open].Come) {
				open++
			}
			if open < len(out) {
				out[open].New, out[open].Come = text, true
			} else {
				out = append(out, Side{New: text, Come: true})
			}
			continue
		default:
			out = append(out, Side{Old: text, New: text})
			open = len(out)
		}
	}
	return out
}
