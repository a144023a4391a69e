package match

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"assay/suite/internal/logtext"
)

// Complaints finds the lines of a log that can be the reason of a refusal. It
// leaves out what a server says at every start, and what it prints of its
// configuration: a name in such a line does not tell the operator what is wrong.
type Complaints struct {
	Controls []string // lines of starts with a configuration that is in order
	Keys     []string // names of configuration keys
	Values   []string // values and lines of the configuration, as they were written
	Mask     func(string) string

	names    *strings.Replacer         // takes values and keys out of a line
	assigned map[string]*regexp.Regexp // a key with what may stand before its value
}

// prepare makes once what every line needs: a configuration may have thousands of
// lines.
func (c *Complaints) prepare() {
	c.assigned = map[string]*regexp.Regexp{}
	with := map[string]string{}
	for _, key := range c.Keys {
		c.assigned[key] = regexp.MustCompile(regexp.QuoteMeta(key) + `["'\\]*\s*[:=]+>?\s*["'\\]*`)
		with[key] = keyShape
	}
	for _, value := range c.Values {
		if len(value) > 1 {
			with[value] = ""
		}
	}
	var pairs []string
	for _, name := range longestFirst(slices.Collect(maps.Keys(with))) {
		pairs = append(pairs, name, with[name])
	}
	c.names = strings.NewReplacer(pairs...)
}

// In returns the lines of a log that are complaints. From a line that prints the
// configuration, the keys and their values are cut out. A line at the level of
// information is no complaint unless it says that something is wrong.
func (c Complaints) In(log []string) []string {
	c.prepare()
	known := map[string]bool{}
	for _, line := range c.Controls {
		known[c.shape(line)] = true
	}
	var complaints []string
	var held []string // lines of nothing but a key and a value, right after a complaint
	after := false    // the line before is a complaint
	for _, line := range log {
		shape := c.shape(line)
		switch {
		case known[shape]:
			after, held = false, nil
			continue
		case !word.MatchString(strings.ReplaceAll(shape, keyShape, "")):
			// "bad value:" and then the key and the value on a line of their own,
			// unless it is the beginning of the whole configuration.
			switch {
			case !after:
			case len(held) == mostHeld || c.everyConfiguration(line):
				after, held = false, nil
			default:
				held = append(held, line)
			}
			continue
		}
		complaints = append(complaints, held...)
		held = nil
		level := logtext.LevelOf(line)
		informs := level == logtext.Info || level == logtext.Debug
		if c.printsConfiguration(line) {
			line = pair.ReplaceAllStringFunc(line, c.withoutSetting)
		}
		after = !informs || alarm.MatchString(shape) || objection.MatchString(shape)
		if !after {
			continue
		}
		complaints = append(complaints, line)
	}
	return append(complaints, held...)
}

// withoutSetting leaves out a name with its value, unless the value is a sentence and the name
// is not that of a key: a line may hold a message beside the configuration.
func (c Complaints) withoutSetting(pair string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(pair, `"'`), ":")
	name, _, _ = strings.Cut(name, "=")
	if len(strings.Fields(pair)) < 4 || slices.Contains(c.Keys, strings.Trim(name, "\"' \t")) {
		return ""
	}
	return pair
}

// objection matches what says in a refusal that something is not as it should be. Healthy
// servers use such words too, so they raise no alarm.
var objection = regexp.MustCompile(`(?i)\b(did not|expected|misplaced|out of order|belongs? to|` +
	`needs?|requires?|in use|already|unsuitable)\b`)

// mostHeld is how many keys with their values a refusal may show on lines of
// their own.
const mostHeld = 3

// everyConfiguration reports whether a line shows a key that every configuration
// has, and that no refusal is about.
func (c Complaints) everyConfiguration(line string) bool {
	return slices.ContainsFunc(alwaysSet, func(key string) bool {
		return strings.Contains(line, key)
	})
}

var alwaysSet = []string{"server_url", "listen_addr"}

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
	line = c.names.Replace(line)
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

// printsConfiguration reports whether a line prints the configuration: it has two
// keys with their values, one of which every configuration has, or four keys.
func (c Complaints) printsConfiguration(line string) bool {
	pairs, valued, always := 0, 0, false
	for _, key := range c.Keys {
		at := c.assigned[key].FindStringIndex(line)
		if at == nil {
			continue
		}
		pairs++
		rest := line[at[1]:]
		if slices.ContainsFunc(c.Values, func(value string) bool {
			return len(value) > 1 && strings.HasPrefix(rest, value)
		}) {
			valued++
			always = always || slices.Contains(alwaysSet, key)
		}
	}
	return pairs >= 4 || valued >= 2 && always
}
