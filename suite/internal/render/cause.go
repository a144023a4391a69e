package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// together holds failures that have one cause.
type together struct {
	cause   string // in words
	key     string
	results []*report.Result
}

// ids returns the IDs of the failures.
func (t together) ids() (ids []string) {
	for _, x := range t.results {
		ids = append(ids, x.ID)
	}
	return ids
}

// byCause groups failures by their cause, in the order of the first of each.
func byCause(failures []*report.Result) []together {
	var groups []together
	index := map[string]int{}
	for _, x := range failures {
		key, cause := causeOf(x)
		i, found := index[key]
		if !found {
			i = len(groups)
			index[key] = i
			groups = append(groups, together{cause: cause, key: key})
		}
		groups[i].results = append(groups[i].results, x)
	}
	return groups
}

// onlyOption matches the selection in a command that repeats a result.
var onlyOption = regexp.MustCompile(` --only (\S+)`)

// repeats returns the commands that repeat results: one for all whose commands differ in
// nothing but the selection.
func repeats(results []*report.Result) (commands []string) {
	var around []string // the commands without their selections
	only := map[string][]string{}
	for _, x := range results {
		if x.Evidence == nil || x.Evidence.Repeat == "" {
			continue
		}
		command := x.Evidence.Repeat
		at := onlyOption.FindStringSubmatchIndex(command)
		if at == nil {
			commands = append(commands, command)
			continue
		}
		key := command[:at[2]] + "\x00" + command[at[3]:]
		if only[key] == nil {
			around = append(around, key)
		}
		for _, id := range strings.Split(command[at[2]:at[3]], ",") {
			if !slices.Contains(only[key], id) {
				only[key] = append(only[key], id)
			}
		}
	}
	for _, key := range around {
		commands = append(commands, strings.Replace(key, "\x00", strings.Join(only[key], ","), 1))
	}
	return commands
}

// unjudged returns the requirements that Assay itself could not judge.
func (d *digest) unjudged() (ids []string) {
	for _, x := range d.failures {
		if x.Status == report.Error {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// beginWith says with which failures to begin if there are many: those whose causes make
// the most other requirements fail, or keep them from being judged. It returns "" where
// no cause stands out.
func (d *digest) beginWith() string {
	type start struct {
		text string
		n    int // requirements that the cause concerns
	}
	var starts []start
	for _, t := range d.causes {
		failed, warned, skipped := d.followers(t)
		n := 1 + len(failed) + len(warned) + len(skipped)
		if n >= manyFollow {
			starts = append(starts, start{fmt.Sprintf("%s (%d requirements)", t.results[0].ID, n), n})
		}
	}
	if len(starts) == 0 || len(d.failures) <= fewWarnings {
		return ""
	}
	slices.SortStableFunc(starts, func(a, b start) int { return b.n - a.n })
	var names []string
	for _, s := range starts[:min(3, len(starts))] {
		names = append(names, s.text)
	}
	return "Begin with " + strings.Join(names, ", then ") + ": the causes that most others share " +
		"or rest on."
}

// manyFollow is how many requirements a cause concerns that [digest.beginWith] names.
const manyFollow = 4

// lastFailed returns the command that runs again what failed, warnings included, if there
// is more of it than a reader repeats one by one. dir is the directory of the report.
func (d *digest) lastFailed(dir string) string {
	if len(d.failures)+len(d.warnings) <= fewWarnings {
		return ""
	}
	for _, command := range repeats(slices.Concat(d.failures, d.warnings)) {
		if before, _, found := strings.Cut(command, " --only "); found {
			command = before + " --last-failed"
			if dir != "" && dir != defaultDir {
				command += " --out " + words.ShellWord(dir)
			}
			return words.Printable(command)
		}
	}
	return ""
}

// defaultDir is where "assay run" leaves its report.
const defaultDir = "assay-report"

// causeOf returns why a result failed, in words, and a key that is equal for
// failures with the same cause. If the run did not find the cause, failures have one
// cause if they were seen in the same way and the server complained of the same.
func causeOf(x *report.Result) (key, cause string) {
	if x.Status != report.Failed {
		return x.ID, x.Reason
	}
	if x.Cause != "" {
		row := ""
		if x.Evidence != nil {
			row = x.Evidence.Case
		}
		return mask(x.ID, row, x.Cause), x.Cause
	}
	said := ""
	if e := x.Evidence; e != nil {
		lines, _ := lastStart(e.Log)
		for _, line := range complaints(lines) {
			said = line
		}
	}
	text, row := x.Message(), ""
	if alike := casesAlike(x); len(alike) > 0 {
		text, row = alike[0].message, alike[0].names[0]
	}
	return mask(x.ID, row, text+"\n"+said), words.Headline(text)
}

// also names what failed for the same cause, and what was not judged because a
// result failed.
func (d *digest) also(t together) []field {
	failed, warned, skipped := d.followers(t)
	var fs []field
	add := func(name, what string, ids []string) {
		if len(ids) > 0 {
			fs = append(fs, field{name, what + strings.Join(ids, " "), prose})
		}
	}
	add("also", "failed for the same cause: ", failed)
	add("see also", "not met (SHOULD), for the same cause: ", warned)
	add("see also", "not judged, because "+needed(t)+" failed: ", skipped)
	return fs
}

// followers returns what failed for the same cause as the first of some failures, and
// what was not judged because one of them failed.
func (d *digest) followers(t together) (failed, warned, skipped []string) {
	for _, x := range t.results[1:] {
		failed = append(failed, x.ID)
	}
	for _, x := range d.warnings {
		if same, shared := d.sameAs[x.ID]; shared && same.results[0].ID == t.results[0].ID {
			warned = append(warned, x.ID)
		}
	}
	for _, g := range d.skipped {
		for _, x := range t.results {
			if strings.HasPrefix(g.reason, "needs "+x.ID+",") ||
				strings.HasPrefix(g.reason, "needs "+x.ID+"/") {
				skipped = append(skipped, g.ids...)
			}
		}
	}
	return failed, warned, skipped
}

// needed names the failures in a text about what rests on them.
func needed(t together) string {
	if len(t.results) > 1 {
		return "what it needs"
	}
	return t.results[0].ID
}

var (
	hostname = regexp.MustCompile(`[A-Za-z0-9-]+\.assay\.test\b`)
	hex      = regexp.MustCompile(`\b[0-9a-f]*\d[0-9a-f]{3,}\b|\b[0-9a-f]{6,}\b`)
	number   = regexp.MustCompile(`\d+`)
)

// mask replaces what differs between two failures that are alike: the name of the
// requirement and its case in paths, host names, and numbers.
func mask(id, row, text string) string {
	if id != "" {
		for _, name := range []string{strings.ToLower(id) + "-" + row, strings.ToLower(id)} {
			text = strings.ReplaceAll(text, name, "<spec>")
		}
	}
	text = hostname.ReplaceAllString(text, "<hostname>")
	text = hex.ReplaceAllString(text, "#")
	return number.ReplaceAllString(text, "#")
}
