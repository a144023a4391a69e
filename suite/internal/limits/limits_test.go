package limits_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	ca "assay/pebble/limits"
	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// A limit is a constant with what its row in CONTRACTS.md says about it.
type limit struct {
	names string // of the constants, in the order of the values
	row   string // a part of the first cell
	value string // the second cell
}

func size(n int64) string { return careful.Size(n) }

var stated = []limit{
	{"File", "A file below the directory of a spec", size(limits.File)},
	{"KeyFile", "A file in which private keys", size(limits.KeyFile)},
	{"ReadAtOnce", "All files that one search reads", size(limits.ReadAtOnce)},
	{"Secrets", "Spellings of keys", fmt.Sprint(limits.Secrets)},
	{"Files Deep", "Files and directories that one search visits",
		fmt.Sprintf("%d, %d deep", limits.Files, limits.Deep)},
	{"Disk DiskFiles", "The directory of a spec",
		fmt.Sprintf("%s, %d files", size(limits.Disk), limits.DiskFiles)},
	{"Scratch ScratchFiles", "What else a run keeps",
		fmt.Sprintf("%s, %d files", size(limits.Scratch), limits.ScratchFiles)},
	{"Kept", "Files of a spec that `--keep` copies", size(limits.Kept)},
	{"Cleanup", "The removal of the files", limits.Cleanup.String()},
	{"LogLine", "A line of the log.", size(limits.LogLine)},
	{"Log LogLineCost",
		fmt.Sprintf("The log of one start; each line counts %d bytes more", limits.LogLineCost),
		size(limits.Log)},
	{"LogAtOnce LogRate", "What a stream may print at once, and in each second besides",
		size(limits.LogAtOnce) + ", " + size(limits.LogRate)},
	{"LogFileAtOnce", "What is read of a log file at a time", size(limits.LogFileAtOnce)},
	{"Tail", "A line of the log in an error message", size(limits.Tail)},
	{"HTTPHead", "The status line and the header", size(limits.HTTPHead)},
	{"HTTPBody", "The body of an answer", size(limits.HTTPBody)},
	{"Output", "The output of a command", size(limits.Output)},
	{"Schedule", "The output of the schedule command", size(limits.Schedule)},
	{"Processes", "Processes and threads of a run", fmt.Sprint(limits.Processes)},
	{"PacketsAtOnce PacketRate", "Packets of TCP in the network of a spec",
		fmt.Sprintf("%d, %d", limits.PacketsAtOnce, limits.PacketRate)},
	{"DatagramsAtOnce DatagramRate", "Other packets there",
		fmt.Sprintf("%d, %d", limits.DatagramsAtOnce, limits.DatagramRate)},
	{"Drain DrainAtMost", "How long output is read",
		limits.Drain.String() + ", " + limits.DrainAtMost.String()},
	{"Worker", "Memory of a worker", size(limits.Worker)},
	{"Reason", "The reason of a case", size(limits.Reason)},
	{"Observed", "Lines of a log in which observations", fmt.Sprint(limits.Observed)},
	{"Observation Observations", "The value of an observation",
		size(limits.Observation) + ", " + size(limits.Observations)},
	{"Case", "The evidence of a failure", size(limits.Case)},
	{"Evidence Captures", "The evidence of all failures",
		size(limits.Evidence) + ", " + size(limits.Captures)},
	{"Outcomes Report", "What one worker hands over",
		size(limits.Outcomes) + ", " + size(limits.Report)},
}

var statedOfCA = []limit{
	{"Requests", "Requests that a CA answers", fmt.Sprint(ca.Requests)},
	{"Entries", "Entries of a CA's journal", fmt.Sprint(ca.Entries)},
	{"Text Names", "A text of an entry", fmt.Sprintf("%s, %d", size(ca.Text), ca.Names)},
	{"Connections", "Connections that a CA serves", fmt.Sprint(ca.Connections)},
	{"QuestionsAtOnce QuestionRate", "Questions that a name server answers at once",
		fmt.Sprintf("%d, %d", ca.QuestionsAtOnce, ca.QuestionRate)},
	{"RequestHeader", "The header of a request to a CA", size(ca.RequestHeader)},
	{"StatusLine AnswerHead Answer", "A line, the head, and all of the answer",
		size(ca.StatusLine) + ", " + size(ca.AnswerHead) + ", " + size(ca.Answer)},
	{"Handshake", "What a target sends in a validation by TLS", size(ca.Handshake)},
}

// constants returns the names of the exported constants of a file.
func constants(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if general, ok := d.(*ast.GenDecl); ok && general.Tok == token.CONST {
			for _, s := range general.Specs {
				for _, name := range s.(*ast.ValueSpec).Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// Every limit stands in CONTRACTS.md with its value.
func TestContractsStateEveryLimit(t *testing.T) {
	text, err := os.ReadFile("../../CONTRACTS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Limits\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| ") {
			rows++
		}
	}
	for path, list := range map[string][]limit{
		"limits.go": stated, "../../../pebble/limits/limits.go": statedOfCA,
	} {
		named := map[string]bool{}
		for _, l := range list {
			for _, name := range strings.Fields(l.names) {
				named[name] = true
			}
			found := false
			for line := range strings.Lines(section) {
				cells := strings.Split(line, " | ")
				found = found || len(cells) == 2 && strings.HasPrefix(line, "| "+l.row) &&
					strings.TrimSuffix(cells[1], " |\n") == l.value
			}
			if !found {
				t.Errorf("%s: found no row that begins with %q and says %s", l.names, l.row, l.value)
			}
			rows--
		}
		for _, name := range constants(t, path) {
			if !named[name] {
				t.Errorf("%s: CONTRACTS.md does not state %s", path, name)
			}
		}
	}
	if rows != 1 { // the head of the table
		t.Errorf("the table has %d rows more than there are limits", rows-1)
	}
}
