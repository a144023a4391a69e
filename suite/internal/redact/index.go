package redact

import "strings"

// An index finds which of many secrets a text holds. The time that it takes hardly
// depends on how many secrets there are: a server may write thousands of keys.
type index struct {
	begin  map[[shortestSecret]byte][]int // secrets by their first characters, squeezed
	may    [1 << 12]bool                  // whether a secret begins so, by [index.slot]
	others []int                          // secrets that are shorter when squeezed
}

func newIndex(secrets []secret) *index {
	x := &index{begin: make(map[[shortestSecret]byte][]int, len(secrets))}
	for i, s := range secrets {
		if len(s.squeezed) < shortestSecret {
			x.others = append(x.others, i)
			continue
		}
		first := [shortestSecret]byte([]byte(s.squeezed[:shortestSecret]))
		x.begin[first] = append(x.begin[first], i)
		x.may[slot(s.squeezed)] = true
	}
	return x
}

// slot returns a number that three characters have.
func slot(s string) int { return (int(s[0])<<5 ^ int(s[1])<<3 ^ int(s[2])) & (1<<12 - 1) }

// in returns the indices of the secrets that a squeezed text holds, in their order.
func (x *index) in(squeezed string, secrets []secret) (found []int) {
	seen := make([]bool, len(secrets))
	for _, i := range x.others {
		seen[i] = strings.Contains(squeezed, secrets[i].squeezed)
	}
	for at := 0; at+shortestSecret <= len(squeezed); at++ {
		if !x.may[slot(squeezed[at:])] {
			continue
		}
		first := [shortestSecret]byte([]byte(squeezed[at : at+shortestSecret]))
		for _, i := range x.begin[first] {
			if !seen[i] && strings.HasPrefix(squeezed[at:], secrets[i].squeezed) {
				seen[i] = true
			}
		}
	}
	for i, is := range seen {
		if is {
			found = append(found, i)
		}
	}
	return found
}
