// Package near finds the names that a mistyped word is likely to mean.
package near

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// most is how many names a suggestion holds at most.
const most = 3

// To returns the names that are closest to a word, the closest first, at most
// three. Case does not count. A name is close if few letters differ, no fewer
// than for another name, with a swap of two neighbours as one difference; or if
// it begins with the word.
func To(word string, names []string) []string {
	type candidate struct {
		name     string
		distance int
		begins   bool
	}
	var candidates []candidate
	lower := strings.ToLower(word)
	for _, name := range names {
		d := distance(lower, strings.ToLower(name))
		begins := len(word) > 1 && strings.HasPrefix(strings.ToLower(name), lower)
		if d <= tolerance(word) || begins {
			candidates = append(candidates, candidate{name, d, begins})
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		return cmp.Compare(a.distance, b.distance)
	})
	var found []string
	for _, c := range candidates {
		if c.distance > candidates[0].distance && !c.begins {
			continue
		}
		if !slices.Contains(found, c.name) && len(found) < most {
			found = append(found, c.name)
		}
	}
	return found
}

// Hint returns a clause that follows a message about an unknown word, such as
// "; did you mean byo?", or "" if no name is close.
func Hint(word string, names []string) string {
	found := To(word, names)
	switch len(found) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("; did you mean %s?", found[0])
	}
	last := len(found) - 1
	return fmt.Sprintf("; did you mean %s or %s?", strings.Join(found[:last], ", "), found[last])
}

// tolerance returns how many letters of a word may differ.
func tolerance(word string) int {
	switch n := len([]rune(word)); {
	case n <= 2:
		return 0
	case n <= 5:
		return 1
	default:
		return 2
	}
}

// distance counts the letters to insert, delete, replace, or swap with the next
// one, that make b of a (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := rows[i-1][j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
