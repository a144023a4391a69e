package match

import (
	"regexp"
	"slices"
	"strings"
)

// Complaints finds the lines of a log that can be the reason of a refusal. It
// leaves out what a server says at every start, and what it prints of its
// configuration: a name in such a line does not tell the operator what is wrong.
type Complaints struct {
	Controls []string // lines of starts with a configuration that is in order
	Keys     []string // names of configuration keys
	Values   []string // values and lines of the configuration, as they were written
	Mask     func(string) string
}

// In returns the lines of a log that are complaints. From a line that prints
// most of the configuration, the keys and their values are cut out.
func (c Complaints) In(log []string) []string {
	var known []string
	for _, line := range c.Controls {
		known = append(known, c.shape(line))
	}
	var complaints []string
	for _, line := range log {
		shape := c.shape(line)
		sentence := word.MatchString(strings.ReplaceAll(shape, keyShape, ""))
		if !sentence || slices.Contains(known, shape) {
			continue
		}
		if c.printsConfiguration(line) {
			line = pair.ReplaceAllString(line, "")
		}
		complaints = append(complaints, line)
	}
	return complaints
}

const keyShape = "<key>"

var (
	word    = regexp.MustCompile(`\pL{2,}`)
	digits  = regexp.MustCompile(`[0-9]+`)
	pair    = regexp.MustCompile(`["']?[\w.-]+["']?\s*[:=]\s*("[^"]*"|'[^']*'|[^\s,;}\]]*)`)
	quoting = strings.NewReplacer(`"`, "", `'`, "", "`", "", `\`, "", "<nil>", "")
)

// shape returns a line without what differs between two starts: values, names of
// keys, numbers and quotation marks.
func (c Complaints) shape(line string) string {
	for _, value := range longestFirst(c.Values) {
		if len(value) > 1 {
			line = strings.ReplaceAll(line, value, "")
		}
	}
	for _, key := range longestFirst(c.Keys) {
		line = strings.ReplaceAll(line, key, keyShape)
	}
	if c.Mask != nil {
		line = c.Mask(line)
	}
	return strings.Join(strings.Fields(digits.ReplaceAllString(quoting.Replace(line), "0")), " ")
}

func longestFirst(texts []string) []string {
	sorted := slices.Clone(texts)
	slices.SortStableFunc(sorted, func(a, b string) int { return len(b) - len(a) })
	return sorted
}

// printsConfiguration reports whether a line has four keys or more, each with a
// value after it.
func (c Complaints) printsConfiguration(line string) bool {
	pairs := 0
	for _, key := range c.Keys {
		after := regexp.MustCompile(regexp.QuoteMeta(key) + `["']?\s*[:=]`)
		if after.MatchString(line) {
			pairs++
		}
	}
	return pairs >= 4
}
