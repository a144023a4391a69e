package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

// compile returns the validator of a kind of file.
func compile(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	text, err := Of(kind)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(kind, document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(kind)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate checks a YAML document against a schema, as an editor does.
func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var document any
	if err := yaml.Load([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(dates(document))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// dates turns dates into texts. YAML 1.2, which editors follow, has no dates.
func dates(value any) any {
	switch value := value.(type) {
	case time.Time:
		return value.Format(time.DateOnly)
	case map[string]any:
		for key, inner := range value {
			value[key] = dates(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = dates(inner)
		}
	}
	return value
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readAll returns the content of the files that match a pattern, by path.
func readAll(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		texts[path] = read(t, path)
	}
	return texts
}

// yamlBlock matches a block of YAML in Markdown.
var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

func TestTargetFilesAreValid(t *testing.T) {
	t.Parallel()
	texts := readAll(t, "../../fixtures/targets/*.yaml")
	texts["example"] = sut.Example()
	texts["suite/example"] = read(t, "../example/target.yaml")
	inReadme := 0
	for _, block := range yamlBlock.FindAllStringSubmatch(read(t, "../../README.md"), -1) {
		if strings.HasPrefix(block[1], "name:") && strings.Contains(block[1], "\nprofiles:") {
			texts["README: "+strings.SplitN(block[1], "\n", 2)[0]] = block[1]
			inReadme++
		}
	}
	if inReadme == 0 {
		t.Error("README.md has no target file")
	}
	s := compile(t, Target)
	for name, text := range texts {
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCatalogueIsValid(t *testing.T) {
	t.Parallel()
	s := compile(t, Catalogue)
	for name, text := range readAll(t, "../../scenarios/*.yaml") {
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReportIsValid(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(report.Report{
		Schema: report.Schema,
		Target: report.Target{Profiles: []string{}},
		Summary: report.Summary{
			Must: report.Counts{}, Should: report.Counts{}, May: report.Counts{}, Observe: report.Counts{},
		},
		Results: []report.Result{{ID: "BYO-01", Observations: []report.Observation{{Value: []int{1}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, compile(t, Report), string(text)); err != nil { // JSON is YAML
		t.Error(err)
	}
}

// What the schemas refuse is refused when the file is loaded too.
func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	const target = "name: x\ncommand: [x]\nconfig: {base: {}}\nprofiles: [byo]\n"
	const chapter = "- {id: BYO-01, title: a, level: MUST, source: b, text: c, why: d}\n"
	for kind, rows := range map[string][]struct{ name, text, says string }{
		Target: {
			{"good", target, ""},
			{"known failure", target + "known_failures: [{id: A-01, until: 2027-06-30, reason: b}]\n", ""},
			{"timeout", target + "ready: {tcp: listen_addr, timeout: 1m30.5s}\n", ""},
			{"unknown key", target + "colour: red\n", "'colour' not allowed"},
			{"unknown key below", strings.Replace(target, "base: {}", "base: {}, x: y", 1),
				"'x' not allowed"},
			{"missing key", strings.Replace(target, "command: [x]\n", "", 1), "missing property 'command'"},
			{"number", strings.Replace(target, "name: x", "name: 5", 1), "got number, want string"},
			{"empty list", strings.Replace(target, "[x]", "[]", 1), "minItems"},
			{"profile", strings.Replace(target, "[byo]", "[by]", 1), "value must be one of"},
			{"two ways", strings.Replace(target, "base: {}", "base: {}, template: x", 1), "oneOf"},
			{"no way", strings.Replace(target, "base: {}", "file: x", 1), "oneOf"},
			{"name of no key", strings.Replace(target, "base: {}", "template: x, names: {a: b}", 1),
				"value must be one of"},
			{"word", target + "reload: SIGTERM\n", "value must be one of"},
			{"signal", target + "reload: {signal: SIGUSR1, within: 5s}\n", ""},
			{"command", target + "reload: {command: [nginx, -s, reload]}\n", ""},
			{"two ways to reload", target + "reload: {signal: SIGHUP, watch: true}\n", "oneOf"},
			{"no way to reload", target + "reload: {within: 5s}\n", "oneOf"},
			{"ports", target + "ports: [metrics, {name: debug, fixed: 6060}]\n", ""},
			{"port without a name", target + "ports: [{fixed: 6060}]\n", "missing property 'name'"},
			{"port of no number", target + "ports: [{name: a, fixed: 70000}]\n", "maximum"},
			{"pair", target + "pair: combined\nlog: server.log\n", ""},
			{"day", target + "known_failures: [{id: A-01, until: 2027-02-30, reason: b}]\n",
				"not valid date"},
			{"duration", target + "ready: {tcp: listen_addr, timeout: -5s}\n", "does not match pattern"},
		},
		Catalogue: {
			{"good", chapter, ""},
			{"rows", strings.Replace(chapter, "why: d", "why: d, cases: [{case: a, b: 1}]", 1), ""},
			{"unknown key", strings.Replace(chapter, "why:", "wye:", 1), "'wye' not allowed"},
			{"level", strings.Replace(chapter, "MUST", "must", 1), "value must be one of"},
			{"row without a name", strings.Replace(chapter, "why: d", "why: d, cases: [{b: 1}]", 1),
				"missing property 'case'"},
		},
		Report: {{"no report", "{}", "missing properties"}},
	} {
		s := compile(t, kind)
		for _, row := range rows {
			err := validate(t, s, row.text)
			if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s: %s: found %v, expected %q", kind, row.name, err, row.says)
			}
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		if text, err := Of(kind); err != nil || !json.Valid(text) {
			t.Errorf("%s: found %.40s, %v", kind, text, err)
		}
	}
	want := "expected one of target, catalogue, report"
	if _, err := Of("../schema"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found %v", err)
	}
}
